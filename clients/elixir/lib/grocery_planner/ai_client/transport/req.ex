defmodule GroceryPlanner.AIClient.Transport.Req do
  @moduledoc """
  Sends requests with Req, where the app has it.

  The connections are a Finch of their own, which drops idle ones after 60 s: Finch keeps them until
  somebody finds them closed. Req's own retries, redirects and decoding are off; this client has its
  own rules for them. `:req_options`, of the app's configuration or of a call, are merged last, for
  example `plug: {Req.Test, MyStub}`.
  """

  @behaviour GroceryPlanner.AIClient.Transport

  alias GroceryPlanner.AIClient.Config

  @compile {:no_warn_undefined, [Finch, Req]}

  @finch GroceryPlanner.AIClient.Finch

  @doc """
  Returns the child specification of the connections.
  """
  @spec connections() :: Supervisor.child_spec() | {module(), keyword()}
  def connections do
    pool = [
      size: Config.get([], :pool_size, 50),
      conn_max_idle_time: Config.idle_timeout(),
      conn_opts: [transport_opts: [timeout: Config.get([], :connect_timeout, 5_000)]]
    ]

    {Finch, name: @finch, pools: %{default: pool}}
  end

  @impl GroceryPlanner.AIClient.Transport
  def send(request) do
    case request |> options() |> Req.new() |> Req.request() do
      {:ok, response} ->
        {:ok, %{status: response.status, headers: headers(response), body: body(response.body)}}

      {:error, error} ->
        {:error, reason(error)}
    end
  rescue
    # Finch raises when its pool has no connection in time.
    error in RuntimeError -> {:error, {:raised, Exception.message(error)}}
  end

  defp options(request) do
    own = [
      method: request.method,
      url: request.url,
      headers: request.headers,
      body: request.body,
      receive_timeout: request.receive_timeout,
      retry: false,
      redirect: false,
      decode_body: false
    ]

    more = Config.get(request.options, :req_options, [])
    # Req takes options for connections only without a Finch.
    finch = if more[:connect_options] || more[:finch], do: [], else: [finch: @finch]
    own |> Keyword.merge(finch) |> Keyword.merge(more)
  end

  # Lists of values since Req 0.4, single values before.
  defp headers(response) do
    Map.new(response.headers, fn
      {name, [value | _others]} -> {String.downcase(name), value}
      {name, value} -> {String.downcase(name), value}
    end)
  end

  defp body(body) when is_binary(body), do: body
  defp body(body), do: IO.iodata_to_binary(body)

  defp reason(%{reason: reason}) when reason in [:closed, :econnrefused, :nxdomain] do
    if reason == :closed, do: :closed, else: {:not_connected, reason}
  end

  defp reason(%{reason: :timeout}), do: :timeout
  defp reason(error), do: error
end
