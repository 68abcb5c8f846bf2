unless Code.ensure_loaded?(Oban.Worker) do
  defmodule Oban.Worker do
    @moduledoc false
    @callback perform(map()) :: term()
    defmacro __using__(_opts), do: quote(do: @behaviour(Oban.Worker))
  end
end

defmodule GroceryPlanner.AIClient.WorkerExampleTest do
  @moduledoc """
  The example of an Oban worker does what its documentation says.
  """
  use ExUnit.Case, async: false

  alias GroceryPlanner.AIClient.{Error, Fake}

  defmodule Receipts do
    @moduledoc false
    def image!(_id), do: "image"
    def store_reading!(id, receipt), do: send(self(), {:stored, id, receipt})
  end

  setup_all do
    path = Path.expand("../examples/receipt_worker.ex", __DIR__)
    [{worker, _binary} | _] = Code.compile_file(path)
    Application.put_env(:grocery_planner, :receipts, Receipts)
    Application.put_env(:grocery_planner_ai, :transport, Fake)

    on_exit(fn ->
      Application.delete_env(:grocery_planner, :receipts)
      Application.delete_env(:grocery_planner_ai, :transport)
    end)

    {:ok, worker: worker}
  end

  defp perform(worker) do
    worker.perform(%{
      id: 42,
      args: %{"receipt_id" => 7, "account_id" => "home", "user_id" => "anna"}
    })
  end

  test "a receipt is read and stored", %{worker: worker} do
    Fake.answer(fn
      %{method: :post} -> Fake.job(%{id: "a"})
      %{method: :get} -> Fake.job(%{status: "succeeded", output_payload: %{total: 1}})
    end)

    assert perform(worker) == :ok
    assert_received {:stored, 7, %{"total" => 1}}
    assert_received {Fake, %{headers: %{"idempotency-key" => "oban-42-" <> _}}}
  end

  test "a job that failed at an earlier attempt runs again", %{worker: worker} do
    error = %{code: "timeout", error_class: "timeout", detail: "Slow.", retryable: true}

    Fake.answer(fn
      %{path: "/api/v1/jobs"} -> Fake.job(%{id: "a", status: "failed", error: error})
      %{path: "/api/v1/jobs/a/retry"} -> Fake.job(%{id: "a"})
      _get -> Fake.job(%{status: "succeeded", output_payload: %{total: 1}})
    end)

    assert perform(worker) == :ok
  end

  test "a process of its own gets the shared answers", %{worker: worker} do
    Fake.answer(fn _request -> Fake.problem(503, "draining", "unavailable") end)
    Fake.share()
    owner = self()
    spawn(fn -> send(owner, {:performed, perform(worker)}) end)

    assert_receive {:performed, {:snooze, 5}}
  end

  test "Oban is asked to wait, to give up, or to try again", %{worker: worker} do
    Fake.answer(fn _request -> Fake.problem(503, "queue_full", "unavailable", retry_after: 9) end)
    assert perform(worker) == {:snooze, 9}

    Fake.answer(fn _request -> Fake.problem(422, "image_empty", "bad_input") end)
    assert {:cancel, %Error{code: "image_empty"}} = perform(worker)

    Fake.answer(fn _request -> {:error, {:not_connected, :econnrefused}} end)
    assert {:error, %Error{code: "service_unreachable"}} = perform(worker)
  end
end
