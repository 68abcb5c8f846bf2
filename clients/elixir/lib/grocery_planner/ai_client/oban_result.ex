defmodule GroceryPlanner.AIClient.ObanResult do
  @moduledoc """
  What an Oban worker returns.

  | given | returned |
  | --- | --- |
  | `{:ok, value}` | `{:ok, value}` |
  | an error of class `:unavailable` | `{:snooze, seconds}`: later, without spending an attempt |
  | an error of class `:bad_input` or `:cancelled` | `{:cancel, error}`: never again |
  | any other error | `{:error, error}`: again, as Oban's backoff says |
  | `{:error, {:unhealthy, status, body}}` of a probe | `{:snooze, seconds}` |
  | `{:error, {:connection_failed, reason}}` of a probe | `{:error, reason}` |

  A worker that submits a job with `oban_job: job` finds the same job at its next attempt. If that one
  has failed for a reason that may pass, `revive/3` has it run again with its history:

      def perform(%Oban.Job{args: args} = oban_job) do
        with {:ok, job} <- AIClient.submit_job("receipt_extraction", payload, context, oban_job: oban_job),
             {:ok, job} <- AIClient.revive(job, context),
             {:ok, job} <- AIClient.await_job(job["id"], context),
             {:ok, receipt} <- AIClient.job_result(job) do
          store(receipt)
        end
        |> AIClient.oban_result()
      end

  The whole worker is in `examples/receipt_worker.ex`.
  """

  alias GroceryPlanner.AIClient.Error

  # Seconds until an unavailable service is asked again, if it does not say.
  @snooze 5

  @type given :: :ok | {:ok, term()} | {:error, term()} | Error.t()
  @type t ::
          :ok | {:ok, term()} | {:snooze, pos_integer()} | {:cancel, term()} | {:error, term()}

  @doc """
  Turns a result into what an Oban worker returns.
  """
  @spec oban_result(given()) :: t()
  def oban_result(:ok), do: :ok
  def oban_result({:ok, value}), do: {:ok, value}
  def oban_result(%Error{} = error), do: oban_result({:error, error})

  def oban_result({:error, %Error{class: :unavailable} = error}) do
    {:snooze, max(error.retry_after || @snooze, 1)}
  end

  def oban_result({:error, %Error{class: class} = error})
      when class in [:bad_input, :cancelled] do
    {:cancel, error}
  end

  def oban_result({:error, %Error{} = error}), do: {:error, error}
  def oban_result({:error, {:unhealthy, _status, _body}}), do: {:snooze, @snooze}
  def oban_result({:error, {:connection_failed, reason}}), do: {:error, reason}
  def oban_result({:error, reason}), do: {:error, reason}

  @doc """
  Returns the result of an ended job: its `"output_payload"`, or why it has none.
  """
  @spec job_result(map()) :: {:ok, map()} | {:error, Error.t()}
  def job_result(%{"status" => "succeeded", "output_payload" => output}) when is_map(output) do
    {:ok, output}
  end

  def job_result(%{"status" => status} = job)
      when status in ["failed", "cancelled", "succeeded"] do
    {:error, Error.from_job(job)}
  end

  def job_result(%{"status" => _alive} = job) do
    sentence = "Job #{job["id"]} is not done yet; it continues."
    {:error, Error.new(:unavailable, "not_done_in_time", sentence, retry_after: 2)}
  end
end
