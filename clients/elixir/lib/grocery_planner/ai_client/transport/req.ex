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
  @fresh GroceryPlanner.AIClient.Finch.Fresh

  # Milliseconds without anything, after which a stream counts as ended: the service says something
  # every 15 s.
  @silence 45_000

  @doc """
  Returns the child specifications of the connections: those that are used again, and those that are
  not, for a request whose connection was found closed.
  """
  @spec connections() :: [Supervisor.child_spec()]
  def connections do
    for {name, idle} <- [{@finch, Config.idle_timeout()}, {@fresh, 1}] do
      pool = [
        size: Config.get([], :pool_size, 50),
        conn_max_idle_time: idle,
        conn_opts: [transport_opts: transport_opts(Config.get([], :connect_timeout, 5_000))]
      ]

      Supervisor.child_spec({Finch, name: name, pools: %{default: pool}}, id: name)
    end
  end

  # IPv6 first, then IPv4.
  defp transport_opts(timeout), do: [timeout: timeout, inet6: true]

  @impl GroceryPlanner.AIClient.Transport
  def send(request) do
    case request |> options() |> Req.new() |> Req.request() do
      {:ok, response} -> {:ok, answer(response, response.body)}
      {:error, error} -> {:error, reason(error)}
    end
  rescue
    # Finch raises when its pool has no connection in time.
    error in RuntimeError -> {:error, {:raised, Exception.message(error)}}
  end

  @impl GroceryPlanner.AIClient.Transport
  def stream(request, receiver) do
    into = fn {:data, chunk}, {sent, response} ->
      if response.status == 200 do
        receiver.(chunk)
        {:cont, {sent, response}}
      else
        {:cont, {sent, %{response | body: response.body <> chunk}}}
      end
    end

    options = Keyword.merge(options(request), receive_timeout: @silence, into: into)

    case options |> Req.new() |> Req.request() do
      {:ok, response} -> {:ok, answer(response, response.body)}
      {:error, error} -> {:error, reason(error)}
    end
  rescue
    error in RuntimeError -> {:error, {:raised, Exception.message(error)}}
  end

  defp answer(response, body) do
    %{status: response.status, headers: headers(response), body: body(body)}
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
    pool = if more[:connect_options] || more[:finch], do: [], else: pool(request)
    own |> Keyword.merge(pool) |> Keyword.merge(more)
  end

  # Req asks for IPv6 by an option for connections, if the host is an address of it.
  defp pool(%{url: "http://[" <> _rest}), do: []
  defp pool(%{url: "https://[" <> _rest}), do: []

  # A repeat keeps the app's time for connecting, because the connections of a Finch share theirs.
  defp pool(%{fresh_connection: true}), do: [finch: @fresh]

  defp pool(%{options: options} = request) do
    if options[:connect_timeout] do
      [connect_options: [timeout: request.connect_timeout, transport_opts: [inet6: true]]]
    else
      [finch: @finch]
    end
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
