defmodule GroceryPlanner.AIClient.CallbacksTest do
  @moduledoc """
  Signatures made by the reference library of Standard Webhooks (`standardwebhooks` 1.0 for Python).
  """
  use ExUnit.Case, async: true

  alias GroceryPlanner.AIClient
  alias GroceryPlanner.AIClient.Callbacks
  alias GroceryPlanner.AIClient.Contracts.CallbackEvent

  @secret "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
  @other_secret "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
  @now 1_795_694_400
  @body ~s({"type":"job.succeeded","timestamp":"2026-11-26T12:00:00.000Z","data":{) <>
          ~s("job_id":"7b0c0f0a-2f5e-4d0e-9a51-0d6c0c9f1b11","tenant_id":"home","user_id":null,) <>
          ~s("request_id":null,"feature":"categorization","status":"succeeded",) <>
          ~s("finished_at":"2026-11-26T11:59:59.500Z","trace_id":null,"error":null,) <>
          ~s("output_payload":{"category":"Käse"}}})
  @headers [
    {"content-type", "application/json"},
    {"webhook-id", "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"},
    {"webhook-timestamp", "1795694400"},
    {"webhook-signature", "v1,i5lVxMWejvOB5fQlkQ3IFwd93/C7bYaA5G2AcY10jOk="}
  ]
  @other_signature "v1,JQY8H7JYgJNynpHrcFxIg7qSzmL7Mbr6wIdlA4T6aRE="

  defp verify(headers, body, secrets, now \\ @now) do
    AIClient.verify_callback(headers, body, secrets, now: now)
  end

  defp with_header(name, value), do: List.keystore(@headers, name, 0, {name, value})

  test "a genuine callback is its event, as the contract says" do
    assert {:ok, event} = verify(@headers, @body, [@secret])
    assert {:ok, %{type: "job.succeeded", data: data}} = CallbackEvent.validate(event)
    assert data.output_payload == %{"category" => "Käse"}
  end

  test "headers may be a map, with names in any case" do
    headers = Map.new(@headers, fn {name, value} -> {String.upcase(name), [value]} end)

    assert {:ok, _event} = verify(headers, @body, [@secret])
  end

  test "while secrets are rotated, one that both sides have is enough" do
    both = "v1,AAAA v1a,ignored #{@other_signature}"

    assert {:ok, _} = verify(@headers, @body, [@other_secret, @secret])
    assert {:ok, _} = verify(with_header("webhook-signature", both), @body, [@other_secret])
  end

  test "what was changed on the way is refused" do
    changed = String.replace(@body, "succeeded", "cancelled")

    assert verify(@headers, changed, [@secret]) == {:error, :bad_signature}
    assert verify(@headers, @body, [@other_secret]) == {:error, :bad_signature}

    assert verify(with_header("webhook-id", "msg_2"), @body, [@secret]) ==
             {:error, :bad_signature}

    for signature <- ["v1,", "v1,????", "nonsense", "v2" <> @other_signature] do
      headers = with_header("webhook-signature", signature)
      assert verify(headers, @body, [@secret]) == {:error, :bad_signature}
    end
  end

  test "what is missing or old is refused" do
    for {name, _value} <- @headers, name != "content-type" do
      assert verify(List.keydelete(@headers, name, 0), @body, [@secret]) ==
               {:error, :missing_header}
    end

    assert verify(@headers, @body, [@secret], @now + 300) |> elem(0) == :ok
    assert verify(@headers, @body, [@secret], @now + 301) == {:error, :too_old}
    assert verify(@headers, @body, [@secret], @now - 301) == {:error, :too_new}

    assert verify(with_header("webhook-timestamp", "soon"), @body, [@secret]) ==
             {:error, :bad_timestamp}
  end

  test "without a secret nothing is accepted" do
    assert verify(@headers, @body, []) == {:error, :no_secret}
    assert verify(@headers, @body, nil) == {:error, :no_secret}

    for secret <- ["whsec_", "whsec_!", ""] do
      assert_raise ArgumentError, fn -> verify(@headers, @body, [secret]) end
    end
  end

  test "an event of a newer service is returned, and keeps the contract" do
    body = String.replace(@body, "job.succeeded", "job.archived")
    headers = Callbacks.sign("msg_1", body, @secret)

    assert {:ok, %{"type" => "job.archived"} = event} =
             AIClient.verify_callback(headers, body, [@secret])

    assert {:ok, %{type: "job.archived"}} = CallbackEvent.validate(event)

    body = String.replace(@body, "job.succeeded", "job.failed")
    {:ok, event} = AIClient.Codec.decode(body)

    assert {:error, [%{field: "data.status"}]} = CallbackEvent.validate(event)
  end

  test "a body that was not kept, or a header without a value, is refused" do
    assert verify(@headers, nil, [@secret]) == {:error, :no_raw_body}
    assert verify(%{"webhook-id" => []}, @body, [@secret]) == {:error, :missing_header}
  end

  test "a test of the app can sign its own" do
    headers = Callbacks.sign("msg_1", "{}", @secret)

    assert AIClient.verify_callback(headers, "{}", [@secret]) == {:ok, %{}}

    assert AIClient.verify_callback(Callbacks.sign("a", "[]", @secret), "[]", @secret) ==
             {:error, :bad_body}
  end
end
