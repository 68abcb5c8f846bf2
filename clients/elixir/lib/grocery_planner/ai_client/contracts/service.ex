defmodule GroceryPlanner.AIClient.Contracts.QueuePause do
  @moduledoc """
  Since when a queue has been paused, and by whom.
  """
  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [at: {:datetime, :required}, by: {:string, :required}]
end

defmodule GroceryPlanner.AIClient.Contracts.Queue do
  @moduledoc """
  One queue. Ages and waits are in seconds. `paused` is null unless workers take no jobs of it.
  """
  alias GroceryPlanner.AIClient.Contracts.QueuePause

  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      queue: {{:enum, ["receipts", "items"]}, :required},
      depth: {:integer, :required},
      scheduled: {:integer, :required},
      running: {:integer, :required},
      oldest_age: {:number, :required},
      workers: {:integer, :required},
      slots: {:integer, :required},
      finished_per_minute: {:integer, :required},
      estimated_wait: {:number, :nullable},
      accepting: {:boolean, :required},
      paused: {QueuePause, :optional}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.QueueListResponse do
  @moduledoc """
  All queues.
  """
  alias GroceryPlanner.AIClient.Contracts.Queue

  use GroceryPlanner.AIClient.Contracts.Shape, fields: [queues: {{:list, Queue}, :required}]
end

defmodule GroceryPlanner.AIClient.Contracts.DeletedDataResponse do
  @moduledoc """
  How much of a tenant was deleted. `cancelled` counts the jobs that had not ended.
  """
  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      tenant_id: {:string, :required},
      jobs: {:integer, :required},
      images: {:integer, :required},
      callbacks: {:integer, :required},
      deliveries: {:integer, :required},
      cancelled: {:integer, :required}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.Check do
  @moduledoc """
  One check of the service's health: a server, a component, the workers or the queue.
  """
  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      status:
        {{:enum,
          [
            "ok",
            "available",
            "loading",
            "unavailable",
            "not_installed",
            "not_loaded",
            "degraded",
            "error"
          ]}, :required},
      error: {:string, :optional},
      model: {:string, :optional},
      alive: {:integer, :optional},
      queues: {{:list, :string}, :optional},
      waiting: {:map, :optional}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.ReadinessResponse do
  @moduledoc """
  The answer of `/health/ready`, with every check by name.
  """
  alias GroceryPlanner.AIClient.Contracts.Check

  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      status: {{:enum, ["ok", "loading", "degraded", "error"]}, :required},
      checks: {{:map_of, Check}, :required},
      version: {:string, :required}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.HealthCheckResponse do
  @moduledoc """
  The answer of `/health_check`, with `services`, or of `/health/ready`, with `checks`.
  """
  alias GroceryPlanner.AIClient.Contracts.Check

  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      status: {{:enum, ["ok", "loading", "degraded", "error"]}, :required},
      checks: {{:map_of, Check}, :optional},
      services: {{:map_of, Check}, :optional},
      version: {:string, :required}
    ]

  @doc false
  def check(%{checks: nil, services: nil}), do: [Shape.problem("services", "is missing")]
  def check(_found), do: []
end

defmodule GroceryPlanner.AIClient.Contracts.ProblemResponse do
  @moduledoc """
  A problem document (RFC 9457), which every error is.
  """
  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      type: {:string, :required},
      title: {:string, :required},
      status: {{:integer, 400, 599}, :required},
      detail: {:string, :required},
      instance: {:string, :required},
      error: {:string, :required},
      error_class:
        {{:enum,
          ["bad_input", "transient", "unavailable", "timeout", "crashed", "cancelled", "bug"]},
         :required},
      retryable: {:boolean, :required},
      request_id: {:string, :nullable},
      trace_id: {:string, :nullable},
      fields: {{:list, :map}, :optional}
    ]
end
