defmodule GroceryPlanner.AIClient.AwaitTest do
  @moduledoc """
  Waiting for a job ends with the job, or with the time, and survives hiccups in between.
  """
  use ExUnit.Case, async: true

  alias GroceryPlanner.AIClient
  alias GroceryPlanner.AIClient.{Error, Fake}

  @context %{tenant_id: "home"}
  @opts [transport: Fake]

  # Answers one after the other; the last one stays.
  defp answering(answers) do
    {:ok, script} = Agent.start_link(fn -> answers end)

    Fake.answer(fn _request ->
      Agent.get_and_update(script, fn
        [last] -> {last, [last]}
        [next | rest] -> {next, rest}
      end)
    end)
  end

  test "hiccups and refusals that pass are waited out" do
    answering([
      {:error, :closed},
      Fake.problem(503, "draining", "unavailable", retry_after: 0),
      Fake.problem(500, "broker_unavailable", "transient", retry_after: 0),
      Fake.job(%{status: "succeeded", output_payload: %{category: "Dairy"}})
    ])

    assert {:ok, %{"status" => "succeeded"} = job} = AIClient.await_job("a", @context, @opts)
    assert AIClient.job_result(job) == {:ok, %{"category" => "Dairy"}}
    assert_received {Fake, %{query: %{"wait" => "25"}}}
  end

  test "a job that failed is returned, and its result is the error" do
    error = %{code: "no_text_found", error_class: "bad_input", detail: "None.", retryable: false}
    answering([Fake.job(%{status: "failed", error: error, trace_id: "abc"})])
    {:ok, job} = AIClient.await_job("a", @context, @opts)

    assert {:error, %Error{class: :bad_input, code: "no_text_found", trace_id: "abc"} = error} =
             AIClient.job_result(job)

    assert AIClient.oban_result({:error, error}) == {:cancel, error}
  end

  test "a cancelled job has no result either" do
    answering([Fake.job(%{status: "cancelled"})])
    {:ok, job} = AIClient.await_job("a", @context, @opts)

    assert {:error, %Error{class: :cancelled}} = AIClient.job_result(job)
  end

  test "it gives up in time, and a worker comes back later" do
    answering([Fake.job(%{status: "running"})])

    assert {:error, %Error{code: "not_done_in_time", class: :unavailable} = error} =
             AIClient.await_job("a", @context, [timeout: 500] ++ @opts)

    assert AIClient.oban_result({:error, error}) == {:snooze, 2}

    assert {:error, %Error{code: "not_done_in_time"}} =
             AIClient.job_result(%{"status" => "queued"})
  end

  test "an error that stays is returned at once, or when the time is over" do
    answering([Fake.problem(404, "job_not_found", "bad_input")])

    assert {:error, %Error{code: "job_not_found"}} = AIClient.await_job("a", @context, @opts)

    answering([Fake.problem(503, "draining", "unavailable", retry_after: 2)])

    assert {:error, %Error{code: "draining"}} =
             AIClient.await_job("a", @context, [timeout: 100] ++ @opts)
  end

  test "a pause that is longer than what is left ends with a last look" do
    answering([
      Fake.problem(503, "draining", "unavailable", retry_after: 120),
      Fake.job(%{status: "succeeded"})
    ])

    assert {:ok, %{"status" => "succeeded"}} =
             AIClient.await_job("a", @context, [timeout: 500] ++ @opts)
  end

  describe "a job of an earlier attempt" do
    @failed %{"id" => "a", "status" => "failed", "error" => %{"retryable" => true}}

    test "runs again if its failure may pass" do
      answering([Fake.job(%{id: "a"})])

      assert {:ok, %{"status" => "queued"}} = AIClient.revive(@failed, @context, @opts)
      assert_received {Fake, %{method: :post, path: "/api/v1/jobs/a/retry"}}
    end

    test "is left as it is otherwise" do
      for job <- [
            put_in(@failed["error"]["retryable"], false),
            %{@failed | "status" => "running"},
            %{"id" => "a", "status" => "cancelled", "error" => nil},
            %{"id" => "a", "status" => "succeeded"}
          ] do
        assert AIClient.revive(job, @context, @opts) == {:ok, job}
      end

      refute_received {Fake, _}
    end

    test "is looked up if somebody else was quicker" do
      answering([
        Fake.problem(409, "job_not_retryable", "bad_input"),
        Fake.job(%{id: "a", status: "running"})
      ])

      assert {:ok, %{"status" => "running"}} = AIClient.revive(@failed, @context, @opts)
    end

    test "that cannot be revived is an error" do
      answering([Fake.problem(503, "draining", "unavailable", retry_after: 2)])

      assert {:error, %Error{code: "draining"}} = AIClient.revive(@failed, @context, @opts)
    end
  end
end
