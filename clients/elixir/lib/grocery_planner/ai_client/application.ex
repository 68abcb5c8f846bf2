defmodule GroceryPlanner.AIClient.Application do
  @moduledoc false
  # Starts the connections of the transport, so that they belong to this client alone: other code of
  # the app may use `:httpc` with options of its own.

  use Application

  alias GroceryPlanner.AIClient.{Codec, Libraries, Transport}

  @impl Application
  def start(_type, _args) do
    Libraries.load()
    # Raises if there is no JSON.
    Codec.module()
    transport = Transport.module([])

    Supervisor.start_link(children(transport),
      strategy: :one_for_one,
      name: GroceryPlanner.AIClient.Supervisor
    )
  end

  # The profile of `:httpc` is always there, because a call may ask for that transport.
  defp children(Transport.Req), do: [Transport.HttpcProfile | Transport.Req.connections()]
  defp children(_transport), do: [Transport.HttpcProfile]
end
