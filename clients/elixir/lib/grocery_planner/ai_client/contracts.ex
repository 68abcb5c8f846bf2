defmodule GroceryPlanner.AIClient.Contracts do
  @moduledoc """
  What the service promises to answer, to be checked by `validate/1` of each module:

      {:ok, result} = AIClient.categorize("Milk", ["Produce", "Dairy"], context)
      {:ok, %{category: "Dairy"}} = AIClient.Contracts.CategorizationResponse.validate(result)

  | module | answer of |
  | --- | --- |
  | `CategorizationResponse` | `categorize/4` |
  | `BatchCategorizationResponse` | `categorize_batch/4` |
  | `ReceiptExtractionResponse` | `extract_receipt/3` |
  | `RichReceiptResponse` | `extract_rich_receipt/3`, and the `output_payload` of a receipt's job |
  | `EmbeddingResponse` | `generate_embeddings/3`, and the `output_payload` of its job |
  | `BaseResponse` | any waiting call with `envelope: true` |
  | `JobResponse` | `submit_job/4`, `submit_batch/3` for each entry, `get_job/3`, `await_job/3`, `cancel_job/3`, `retry_job/3` |
  | `JobListResponse` | `list_jobs/2`, `get_jobs/3` |
  | `QueueListResponse` | `queues/1` |
  | `DeletedDataResponse` | `delete_tenant_data/2` |
  | `ReadinessResponse` | `health_check/1` |
  | `HealthCheckResponse` | `health_check/1` and `service_health/1` |
  | `ProblemResponse` | every error |
  | `CallbackEvent` | `verify_callback/4` |
  | `JobEvent`, `StageEvent` | `stream_events/3` |
  | `CallbackListResponse` | `list_callbacks/3` |

  The error is a list of `%{field: "predictions.0.confidence", message: "must be a number from 0 to 1"}`.
  The structs have the fields that are known here; more may come, and are ignored.
  `GroceryPlanner.AIClient.Contracts.Shape` has the rules.
  """
end
