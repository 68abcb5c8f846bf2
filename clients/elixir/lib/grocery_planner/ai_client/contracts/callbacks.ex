defmodule GroceryPlanner.AIClient.Contracts.CallbackData do
  @moduledoc """
  The job of a callback. `output_payload` is null unless the caller asked for it. `status` is
  `"succeeded"`, `"failed"` or `"cancelled"` in the events that are known here.
  """
  alias GroceryPlanner.AIClient.Contracts.JobError

  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      job_id: {:string, :required},
      tenant_id: {:string, :required},
      user_id: {:string, :nullable},
      request_id: {:string, :nullable},
      feature: {:string, :required},
      status: {:string, :required},
      finished_at: {:datetime, :required},
      trace_id: {:string, :nullable},
      error: {JobError, :nullable},
      output_payload: {:map, :nullable}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.CallbackEvent do
  @moduledoc """
  The body of a callback. `type` is `"job.succeeded"`, `"job.failed"`, `"job.cancelled"`, or the name of
  an event of a newer service: answer that with 2xx, and ignore it.
  """
  alias GroceryPlanner.AIClient.Contracts.CallbackData

  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      type: {:string, :required},
      timestamp: {:datetime, :required},
      data: {CallbackData, :required}
    ]

  def check(%{type: "job." <> status = type, data: data})
      when type in ["job.succeeded", "job.failed", "job.cancelled"] and data.status != status do
    [Shape.problem("data.status", "must be #{status} in an event #{type}")]
  end

  def check(_event), do: []
end

defmodule GroceryPlanner.AIClient.Contracts.Delivery do
  @moduledoc """
  One event on its way to one URL.
  """
  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      id: {:string, :required},
      event: {{:enum, ["job.succeeded", "job.failed", "job.cancelled"]}, :required},
      status: {{:enum, ["pending", "delivered", "dead"]}, :required},
      attempts: {:integer, :required},
      due_at: {:datetime, :nullable},
      last_status: {:integer, :nullable},
      last_error: {:string, :nullable},
      created_at: {:datetime, :required},
      delivered_at: {:datetime, :nullable}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.Callback do
  @moduledoc """
  A URL that a job's end is sent to, and what became of it.
  """
  alias GroceryPlanner.AIClient.Contracts.Delivery

  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      id: {:string, :required},
      url: {:string, :required},
      events: {{:list, :string}, :required},
      include_output: {:boolean, :required},
      created_at: {:datetime, :required},
      deliveries: {{:list, Delivery}, :required}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.CallbackListResponse do
  @moduledoc """
  The callbacks of a job.
  """
  alias GroceryPlanner.AIClient.Contracts.Callback

  use GroceryPlanner.AIClient.Contracts.Shape, fields: [callbacks: {{:list, Callback}, :required}]
end
