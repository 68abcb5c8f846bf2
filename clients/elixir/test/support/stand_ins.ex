# Without Hex there is no `:telemetry` and no `:opentelemetry_api`. Modules with the one function of
# each that the client calls take their place then; the matrix of integration/ has the real ones.

unless Code.ensure_loaded?(:telemetry) do
  defmodule :telemetry do
    @moduledoc false
    def execute(event, measurements, metadata) do
      with {^event, function} <- :persistent_term.get(:telemetry_handler, nil),
           do: function.(event, measurements, metadata, nil)

      case Process.get(:telemetry_listener) do
        nil -> :ok
        pid -> send(pid, {:telemetry, event, measurements, metadata})
      end
    end
  end
end

unless Code.ensure_loaded?(:otel_propagator_text_map) do
  defmodule :otel_propagator_text_map do
    @moduledoc false
    def inject(carrier), do: carrier ++ Process.get(:current_trace, [])
  end
end

defmodule GroceryPlanner.AIClient.StandIns do
  @moduledoc """
  Gives tests the same means with the real libraries and with what stands in for them.
  """

  @compile {:no_warn_undefined,
            [:otel_tracer, {:telemetry, :attach, 4}, {:telemetry, :attach_many, 4}]}

  alias GroceryPlanner.AIClient.Telemetry

  @doc """
  Has the events of this process sent to it, as `{:telemetry, event, measurements, metadata}`.
  """
  def listen do
    owner = self()

    if function_exported?(:telemetry, :attach_many, 4) do
      :telemetry.attach_many(owner, Telemetry.events(), &__MODULE__.forward/4, owner)
    else
      Process.put(:telemetry_listener, owner)
    end
  end

  @doc """
  Has a function called for every event of that name, in whatever process.
  """
  def attach(id, event, function) do
    if function_exported?(:telemetry, :attach, 4) do
      :telemetry.attach(id, event, function, nil)
    else
      :persistent_term.put(:telemetry_handler, {event, function})
    end
  end

  @doc false
  def forward(event, measurements, metadata, owner) do
    if self() == owner, do: send(owner, {:telemetry, event, measurements, metadata})
  end

  @doc """
  Makes a span the current one of this process.
  """
  def continue_trace(trace_id, span_id) do
    if Code.ensure_loaded?(:otel_tracer) do
      [trace, span] = for id <- [trace_id, span_id], do: String.to_integer(id, 16)
      trace |> :otel_tracer.from_remote_span(span, 1) |> :otel_tracer.set_current_span()
    else
      Process.put(:current_trace, [{"traceparent", "00-#{trace_id}-#{span_id}-01"}])
    end
  end
end
