defmodule GroceryPlanner.AIClient.Telemetry do
  @moduledoc """
  Events of every request, where the app has `:telemetry`.

  | event | when | measurements |
  | --- | --- | --- |
  | `[:grocery_planner, :ai_client, :request, :start]` | before it is sent | `system_time`, `monotonic_time` |
  | `[:grocery_planner, :ai_client, :request, :stop]` | it succeeded | `duration`, `monotonic_time` |
  | `[:grocery_planner, :ai_client, :request, :exception]` | it failed | `duration`, `monotonic_time` |

  Times are in native units. The metadata of all three are `operation` (an atom, such as
  `:categorize`), `method`, `route` (without ids) and `transport`; after the end also `status` (nil
  without an answer) and `repeats` (0 or 1). A failure adds `kind` (`:error`), `reason` (the
  `GroceryPlanner.AIClient.Error` without its `body` and `fields`, which may quote what was sent),
  `error_class` and `code`, which are good labels of a metric:

      counter("grocery_planner.ai_client.request.exception.count", tags: [:operation, :error_class])

  The metadata have nothing of a payload, tenant or user. A stream of events has its own pair of events
  for each connection, in the process that reads it.
  """

  alias GroceryPlanner.AIClient.{Error, Libraries}

  @compile {:no_warn_undefined, :telemetry}

  @prefix [:grocery_planner, :ai_client, :request]

  @doc """
  Returns the names of the events.
  """
  @spec events() :: [[atom()]]
  def events, do: for(name <- [:start, :stop, :exception], do: @prefix ++ [name])

  @doc """
  Runs a request between its events. The function returns the result, and what is known after it.
  """
  @spec span(map(), (() -> {{:ok, term()} | {:error, Error.t()}, map()})) ::
          {:ok, term()} | {:error, Error.t()}
  def span(metadata, request) do
    started = System.monotonic_time()
    measured = %{system_time: System.system_time(), monotonic_time: started}
    execute(:start, measured, metadata)
    {result, more} = request.()
    ended = System.monotonic_time()
    measured = %{duration: ended - started, monotonic_time: ended}
    metadata = Map.merge(metadata, more)

    case result do
      {:ok, _value} ->
        execute(:stop, measured, metadata)

      {:error, %Error{} = error} ->
        reason = %{error | body: nil, fields: []}
        failure = %{kind: :error, reason: reason, error_class: error.class, code: error.code}
        execute(:exception, measured, Map.merge(metadata, failure))
    end

    result
  end

  defp execute(name, measured, metadata) do
    if Libraries.there?(:telemetry) do
      :telemetry.execute(@prefix ++ [name], measured, metadata)
    end
  end
end
