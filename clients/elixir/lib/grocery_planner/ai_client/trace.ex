defmodule GroceryPlanner.AIClient.Trace do
  @moduledoc """
  Passes the caller's trace on, so that the job, its attempts and their log lines belong to it.

  The option `:traceparent` has precedence. Otherwise the headers come from OpenTelemetry's current
  span, where the app has `:opentelemetry_api`. Nothing else has to be set up, and the trace is passed
  on once, even if the app attaches `OpentelemetryReq` by `:req_options`.
  """

  alias GroceryPlanner.AIClient.Libraries

  @compile {:no_warn_undefined, :otel_propagator_text_map}

  @doc """
  Returns the headers that carry the trace, or an empty list.
  """
  @spec headers(keyword()) :: [{String.t(), String.t()}]
  def headers(opts) do
    case opts[:traceparent] do
      nil -> if Libraries.there?(:otel_propagator_text_map), do: current(), else: []
      traceparent -> [{"traceparent", traceparent}]
    end
  end

  @doc false
  # The options with which another process sends the headers of this one.
  @spec options(keyword()) :: keyword()
  def options(opts) do
    case for {"traceparent", value} <- headers(opts), do: value do
      [traceparent | _others] -> [traceparent: traceparent]
      [] -> []
    end
  end

  defp current do
    for {name, value} <- :otel_propagator_text_map.inject([]),
        do: {to_string(name), to_string(value)}
  end
end
