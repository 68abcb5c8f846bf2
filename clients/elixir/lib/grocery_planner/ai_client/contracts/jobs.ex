defmodule GroceryPlanner.AIClient.Contracts.JobError do
  @moduledoc """
  Why a job failed or waits.
  """
  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      code: {:string, :required},
      error_class:
        {{:enum,
          ["bad_input", "transient", "unavailable", "timeout", "crashed", "cancelled", "bug"]},
         :required},
      detail: {:string, :required},
      retryable: {:boolean, :required}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.Attempt do
  @moduledoc """
  One run of a job by one worker.
  """
  alias GroceryPlanner.AIClient.Contracts.JobError

  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      number: {:integer, :required},
      outcome: {{:enum, ["succeeded", "failed", "crashed", "released", "cancelled"]}, :required},
      worker_id: {:string, :required},
      started_at: {:datetime, :required},
      finished_at: {:datetime, :required},
      error: {JobError, :nullable},
      stages: {{:list, :map}, :required}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.JobResponse do
  @moduledoc """
  A job. `input_payload` has no bytes of an image; `latency_ms` is from acceptance to the end.
  """
  alias GroceryPlanner.AIClient.Contracts.{Attempt, JobError}

  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      id: {:string, :required},
      tenant_id: {:string, :required},
      user_id: {:string, :nullable},
      request_id: {:string, :nullable},
      feature:
        {{:enum, ["receipt_extraction", "categorization", "categorization_batch", "embedding"]},
         :required},
      status: {{:enum, ["queued", "running", "succeeded", "failed", "cancelled"]}, :required},
      priority: {{:integer, 0, 9}, :required},
      dispatch: {{:enum, ["published", "deferred"]}, :required},
      input_payload: {:map, :required},
      output_payload: {:map, :nullable},
      error: {JobError, :nullable},
      attempts: {{:list, Attempt}, :required},
      model_id: {:string, :nullable},
      model_version: {:string, :nullable},
      created_at: {:datetime, :required},
      started_at: {:datetime, :nullable},
      finished_at: {:datetime, :nullable},
      latency_ms: {:number, :nullable},
      trace_id: {:string, :nullable}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.JobListResponse do
  @moduledoc """
  Jobs, newest first, or in the order of the ids that were asked for.

  `next_cursor` is null on the last page. `missing` has the ids that are those of no job, and
  `unreadable` those of jobs that a newer version of the service has written.
  """
  alias GroceryPlanner.AIClient.Contracts.JobResponse

  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      jobs: {{:list, JobResponse}, :required},
      next_cursor: {:string, :nullable},
      missing: {{:list, :string}, :optional},
      unreadable: {{:list, :string}, :optional}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.AnswerMetadata do
  @moduledoc """
  The job that an answer comes from. `replayed`: it existed before the request.
  """
  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      job_id: {:string, :required},
      trace_id: {:string, :nullable},
      model_id: {:string, :nullable},
      model_version: {:string, :nullable},
      latency_ms: {:number, :nullable},
      finished_at: {:datetime, :optional},
      replayed: {:boolean, :required}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.BaseResponse do
  @moduledoc """
  The envelope of a waiting call.
  """
  alias GroceryPlanner.AIClient.Contracts.{AnswerMetadata, JobError}

  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      request_id: {:string, :nullable},
      status: {{:enum, ["success", "error"]}, :required},
      payload: {:map, :nullable},
      error: {JobError, :nullable},
      metadata: {AnswerMetadata, :required}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.JobEvent do
  @moduledoc """
  The state of a job in its stream of events. `attempt` is 0 before the first one.
  """
  alias GroceryPlanner.AIClient.Contracts.JobError

  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      job_id: {:string, :required},
      status: {{:enum, ["queued", "running", "succeeded", "failed", "cancelled"]}, :required},
      attempt: {:integer, :required},
      error: {JobError, :nullable},
      created_at: {:datetime, :required},
      started_at: {:datetime, :nullable},
      finished_at: {:datetime, :nullable}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.StageEvent do
  @moduledoc """
  A stage of the running attempt, in a job's stream of events. The pages are those of a receipt.
  """
  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      job_id: {:string, :required},
      attempt: {:integer, :required},
      stage: {:string, :required},
      at: {:datetime, :required},
      pages_read: {:integer, :optional},
      pages: {:integer, :optional}
    ]
end
