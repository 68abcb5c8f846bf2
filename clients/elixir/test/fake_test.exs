defmodule GroceryPlanner.AIClient.FakeTest do
  @moduledoc """
  What the fake answers keeps the contracts, and reaches the processes of its test only.
  """
  use ExUnit.Case, async: true

  alias GroceryPlanner.AIClient
  alias GroceryPlanner.AIClient.{Contracts, Fake}

  @opts [transport: Fake]
  @context %{tenant_id: "home"}

  test "its answers keep the contracts" do
    Fake.answer(fn _request -> Fake.category("Dairy", 0.6) end)
    {:ok, envelope} = AIClient.categorize("Milk", ["Dairy"], @context, [envelope: true] ++ @opts)

    assert {:ok, base} = Contracts.BaseResponse.validate(envelope)
    assert {:ok, _} = Contracts.CategorizationResponse.validate(base.payload)

    Fake.answer(fn _request -> Fake.job(%{status: "running"}) end)
    {:ok, job} = AIClient.get_job("a", @context, @opts)
    assert {:ok, %{status: "running"}} = Contracts.JobResponse.validate(job)

    Fake.answer(fn _request -> Fake.problem(503, "no_worker", "unavailable", retry_after: 5) end)
    {:error, error} = AIClient.get_job("a", @context, @opts)
    assert {:ok, _} = Contracts.ProblemResponse.validate(error.body)
    assert error.retry_after == 5
  end

  test "names of headers may be in any case" do
    {503, body, _} = Fake.problem(503, "draining", "unavailable")
    Fake.answer(fn _request -> {503, body, %{"Retry-After" => 7, "X-Trace-ID" => "abc"}} end)

    assert {:error, %{retry_after: 7, trace_id: "abc"}} = AIClient.get_job("a", @context, @opts)
  end

  test "tasks of the test get its answers, other processes do not" do
    Fake.answer(fn _request -> Fake.job(%{id: "mine"}) end)
    ask = fn -> AIClient.get_job("a", @context, @opts) end

    assert {:ok, %{"id" => "mine"}} = Task.await(Task.async(ask))

    {pid, monitor} =
      spawn_monitor(fn -> exit({:refused, assert_raise(RuntimeError, fn -> ask.() end)}) end)

    assert_receive {:DOWN, ^monitor, :process, ^pid, {:refused, %{message: message}}}
    assert message =~ "no answer was given"
  end
end
