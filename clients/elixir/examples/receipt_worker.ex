defmodule GroceryPlanner.Workers.ReceiptWorker do
  @moduledoc """
  Has a receipt read in the background: an example of an Oban worker, to be copied into the app.

  It may be interrupted at any point and started again: all attempts of one Oban job find one job of
  the service, by the idempotency key that the client makes from the Oban job's id.

  The configuration of the example names the module that loads images and stores results:

      config :grocery_planner, receipts: GroceryPlanner.Inventory
  """

  use Oban.Worker, queue: :ai_jobs, max_attempts: 5

  alias GroceryPlanner.AIClient

  @impl Oban.Worker
  def perform(%{args: %{"receipt_id" => receipt_id} = args} = oban_job) do
    context = %{tenant_id: args["account_id"], user_id: args["user_id"]}
    receipts = Application.fetch_env!(:grocery_planner, :receipts)

    payload = %{
      image_base64: Base.encode64(receipts.image!(receipt_id)),
      options: %{default_currency: args["currency"] || "EUR"}
    }

    with {:ok, job} <- submit(payload, context, oban_job),
         # An earlier attempt's job may have failed for a reason that has passed.
         {:ok, job} <- AIClient.revive(job, context),
         {:ok, job} <- AIClient.await_job(job["id"], context, timeout: 60_000),
         {:ok, receipt} <- AIClient.job_result(job) do
      receipts.store_reading!(receipt_id, receipt)
      :ok
    end
    # A job that takes longer than a minute is `{:snooze, 2}`: the worker's slot becomes free, and
    # the next run finds the job where it is.
    |> AIClient.oban_result()
  end

  defp submit(payload, context, oban_job) do
    AIClient.submit_job("receipt_extraction", payload, context, oban_job: oban_job)
  end
end
