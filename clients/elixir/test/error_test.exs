defmodule GroceryPlanner.AIClient.ErrorTest do
  @moduledoc """
  Every kind of failure becomes an error that says what to do, and an Oban worker does it.
  """
  use ExUnit.Case, async: true

  alias GroceryPlanner.AIClient
  alias GroceryPlanner.AIClient.{Error, Fake}

  @context %{tenant_id: "home", user_id: "anna"}

  defp error(answer) do
    Fake.answer(fn _request -> answer end)
    {:error, %Error{} = error} = AIClient.categorize("Milk", ["Dairy"], @context, transport: Fake)
    error
  end

  test "a problem document keeps what it says" do
    fields = [%{field: "payload.item_name", message: "is too long"}]
    answer = Fake.problem(422, "invalid_request", "bad_input", fields: fields, trace_id: "abc")

    assert %Error{
             class: :bad_input,
             code: "invalid_request",
             detail: "A fake answers invalid_request.",
             retryable: false,
             retry_after: nil,
             trace_id: "abc",
             status: 422,
             fields: [%{"field" => "payload.item_name"}]
           } = error(answer)
  end

  for {class, status, expected} <- [
        {"bad_input", 422, :cancel},
        {"transient", 500, :error},
        {"unavailable", 503, :snooze},
        {"timeout", 504, :error},
        {"crashed", 500, :error},
        {"cancelled", 409, :cancel},
        {"bug", 500, :error}
      ] do
    test "Oban gets :#{expected} for #{class}" do
      error = error(Fake.problem(unquote(status), "code", unquote(class), retry_after: 7))

      assert Atom.to_string(error.class) == unquote(class)
      assert {unquote(expected), given} = AIClient.oban_result({:error, error})
      assert given == if(unquote(expected) == :snooze, do: 7, else: error)
    end
  end

  test "an unavailable service that does not say when is asked again in five seconds" do
    assert AIClient.oban_result({:error, error(Fake.problem(503, "draining", "unavailable"))}) ==
             {:snooze, 5}
  end

  test "a class of a newer service is handled as a bug, and makes no atom" do
    name = "unheard_of_#{System.unique_integer([:positive])}"

    assert %Error{class: :bug, code: "novelty"} = error(Fake.problem(500, "novelty", name))
    assert_raise ArgumentError, fn -> String.to_existing_atom(name) end
  end

  test "Retry-After may be a date" do
    date =
      DateTime.utc_now() |> DateTime.add(90) |> Calendar.strftime("%a, %d %b %Y %H:%M:%S GMT")

    {503, body, _headers} = Fake.problem(503, "queue_full", "unavailable")

    assert error({503, body, %{"retry-after" => date}}).retry_after in 85..90

    for odd <- ["soon", "", "5s", "1.5", "-1", " 5", "Mon, ", "Mon, 99 Foo 2026 99:99:99 GMT"] do
      assert error({503, body, %{"retry-after" => odd}}).retry_after == nil
    end
  end

  test "a page of a proxy is not taken for an answer of the service" do
    for status <- [429, 500, 502, 503, 504] do
      assert %Error{code: "gateway_failed", class: :transient, retryable: true, status: ^status} =
               error({status, "<html>Bad Gateway</html>"})
    end

    for status <- [301, 400, 401, 404] do
      assert %Error{code: "unexpected_answer", class: :bug, retryable: false} =
               error({status, "<html>Not here</html>"})
    end
  end

  test "an answer that the service cannot have given is unexpected" do
    for answer <- [
          {200, "<html>Welcome</html>"},
          {200, ""},
          {200, "[]"},
          {200, %{status: "success", payload: nil}},
          {200, %{status: "error", payload: %{}}},
          {204, ""}
        ] do
      assert %Error{code: "unexpected_answer", class: :bug, retryable: false} = error(answer)
    end
  end

  test "an argument that cannot be sent is bad input, and nothing is sent" do
    assert {:error, %Error{class: :bad_input, code: "not_sendable"} = error} =
             AIClient.categorize(<<255>>, ["Dairy"], @context, transport: Fake)

    assert error.detail =~ "not UTF-8"
  end

  test "a context without a tenant is bad input" do
    for context <- [%{}, %{tenant_id: nil}, %{tenant_id: ""}, nil, %{user_id: "anna"}] do
      assert {:error, %Error{class: :bad_input, code: "tenant_required"}} =
               AIClient.submit_job("categorization", %{}, context, transport: Fake)

      assert {:error, %Error{code: "tenant_required"}} =
               AIClient.get_job("a", context, transport: Fake)
    end
  end

  test "results of probes are results for Oban too" do
    assert AIClient.oban_result({:error, {:unhealthy, 503, %{}}}) == {:snooze, 5}
    assert AIClient.oban_result({:error, {:connection_failed, :timeout}}) == {:error, :timeout}
    assert AIClient.oban_result({:ok, %{"a" => 1}}) == {:ok, %{"a" => 1}}
    assert AIClient.oban_result(:ok) == :ok
  end

  test "an error can be raised, and shows nothing of what was sent" do
    fields = [%{field: "payload.item_name", message: "secret item is too long"}]
    error = error(Fake.problem(422, "invalid_request", "bad_input", fields: fields))

    assert Exception.message(error) == "invalid_request: A fake answers invalid_request."
    refute inspect(error) =~ "secret item"
  end
end
