defmodule GroceryPlanner.AIClient.Probes do
  @moduledoc false
  # The service's probes, asked once and quickly.

  alias GroceryPlanner.AIClient.{Call, Error, Options}

  @type result ::
          {:ok, map()}
          | {:error, {:unhealthy, pos_integer(), term()} | {:connection_failed, term()}}

  @doc false
  @spec ready(keyword()) :: result()
  def ready(opts \\ []), do: ask(:health_check, "/health/ready", opts)

  @doc false
  @spec composite(keyword()) :: result()
  def composite(opts \\ []), do: ask(:service_health, "/health_check", opts)

  defp ask(operation, route, opts) do
    Options.check!(opts, [])
    call = %Call{operation: operation, method: :get, route: route, receive_timeout: 5_000}

    case Call.run(call, opts) do
      {:ok, %{body: body}} when is_map(body) -> {:ok, body}
      {:ok, %{status: status, body: body}} -> {:error, {:unhealthy, status, body}}
      {:error, %Error{status: nil, reason: reason}} -> {:error, {:connection_failed, reason}}
      {:error, %Error{status: status, body: body}} -> {:error, {:unhealthy, status, body}}
    end
  end
end
