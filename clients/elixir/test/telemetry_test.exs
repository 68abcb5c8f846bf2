defmodule GroceryPlanner.AIClient.TelemetryTest do
  @moduledoc """
  Every request has its events, and joins the trace of its caller.
  """
  use ExUnit.Case, async: true

  alias GroceryPlanner.AIClient
  alias GroceryPlanner.AIClient.{Fake, StandIns}

  @context %{tenant_id: "home", user_id: "anna"}
  @prefix [:grocery_planner, :ai_client, :request]
  @opts [transport: Fake]

  setup do
    StandIns.listen()
    :ok
  end

  test "a request that succeeds has a start and a stop" do
    Fake.answer(fn _request -> Fake.category("Dairy") end)
    {:ok, _} = AIClient.categorize("Milk", ["Dairy"], @context, @opts)

    assert_received {:telemetry, @prefix ++ [:start], %{system_time: _}, started}
    assert started.operation == :categorize
    assert_received {:telemetry, @prefix ++ [:stop], %{duration: duration}, metadata}
    assert duration > 0

    assert metadata == %{
             operation: :categorize,
             method: "POST",
             route: "/api/v1/categorize",
             transport: Fake,
             status: 200,
             repeats: 0
           }
  end

  test "a request that fails has an exception with the error class" do
    fields = [%{field: "payload.item_name", message: "secret item is too long"}]
    Fake.answer(fn _request -> Fake.problem(503, "queue_full", "unavailable", fields: fields) end)
    {:error, error} = AIClient.get_job("secret-id", @context, @opts)

    assert_received {:telemetry, @prefix ++ [:exception], %{duration: _}, metadata}
    assert %{error_class: :unavailable, code: "queue_full", kind: :error, status: 503} = metadata
    assert metadata.reason == %{error | body: nil, fields: []}
    assert metadata.route == "/api/v1/jobs/{job_id}"
    refute_received {:telemetry, @prefix ++ [:stop], _, _}
  end

  test "a request without an answer has no status, and says that it was repeated" do
    Fake.answer(fn _request -> {:error, :closed} end)
    {:error, _} = AIClient.queues(@opts)

    assert_received {:telemetry, @prefix ++ [:exception], _, metadata}
    assert %{error_class: :transient, status: nil, repeats: 1} = metadata
  end

  test "the trace of the current span is passed on" do
    Fake.answer(fn _request -> Fake.category("Dairy") end)
    StandIns.continue_trace("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
    {:ok, _} = AIClient.categorize("Milk", ["Dairy"], @context, @opts)

    assert_received {Fake, %{headers: %{"traceparent" => traceparent}}}
    assert traceparent == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
  end
end
