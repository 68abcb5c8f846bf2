defmodule GroceryPlanner.AIClient.Transport.Httpc do
  @moduledoc """
  Sends requests with OTP's `:httpc`, under a profile of its own.

  Options of the default profile belong to the whole node, and its connections stay idle for 120 s,
  longer than the service keeps them. This profile drops them after 60 s and puts no request behind
  another one that still waits for its answer. Certificates are verified with those of the system.

  `:httpc` repeats a 503 by itself if it has a `Retry-After` of one or two digits, without end. The
  service therefore sends three. If a proxy before it sends fewer, the call ends as one without an
  answer, at the latest after `:receive_timeout` and `:connect_timeout`.
  """

  @behaviour GroceryPlanner.AIClient.Transport

  alias GroceryPlanner.AIClient.Config

  @profile :grocery_planner_ai

  # Milliseconds after which `:httpc` should have reported its own timeout.
  @leeway 1_000

  @doc false
  def child_spec(_opts) do
    %{id: __MODULE__, start: {__MODULE__, :start_link, []}}
  end

  @doc """
  Starts the profile. It may be there already, if this application was restarted.
  """
  @spec start_link() :: :ignore | {:error, term()}
  def start_link do
    case :inets.start(:httpc, profile: @profile) do
      {:ok, _pid} -> configure()
      {:error, {:already_started, _pid}} -> configure()
      {:error, reason} -> {:error, reason}
    end
  end

  defp configure do
    options = [
      keep_alive_timeout: Config.idle_timeout(),
      max_sessions: Config.get([], :pool_size, 50),
      # Only a connection without a running request is used again.
      max_keep_alive_length: 0
    ]

    with :ok <- :httpc.set_options(options, @profile), do: :ignore
  end

  @impl GroceryPlanner.AIClient.Transport
  def send(request) do
    http_options =
      [
        timeout: request.receive_timeout,
        connect_timeout: request.connect_timeout,
        autoredirect: false
      ] ++ ssl(request)

    options = [body_format: :binary] ++ connection(request)

    patience = request.receive_timeout + request.connect_timeout + @leeway

    answered =
      within(patience, fn ->
        :httpc.request(request.method, to_httpc(request), http_options, options, @profile)
      end)

    case answered do
      {:ok, {{_version, status, _reason}, headers, body}} ->
        {:ok, %{status: status, headers: from_httpc(headers), body: body}}

      {:error, reason} ->
        {:error, reason(reason)}
    end
  end

  # A process of its own, not linked, so that a caller that traps exits gets no message of it.
  defp within(patience, request) do
    {pid, monitor} = spawn_monitor(fn -> exit({:answered, request.()}) end)

    receive do
      {:DOWN, ^monitor, :process, ^pid, {:answered, answered}} -> answered
      {:DOWN, ^monitor, :process, ^pid, reason} -> {:error, reason}
    after
      patience ->
        Process.demonitor(monitor, [:flush])
        Process.exit(pid, :kill)
        {:error, :timeout}
    end
  end

  defp to_httpc(%{method: :get} = request), do: {to_charlist(request.url), headers(request)}

  defp to_httpc(request) do
    {to_charlist(request.url), headers(request), ~c"application/json", request.body || ""}
  end

  # `:httpc` takes the content type apart from the other headers.
  defp headers(request) do
    for {name, value} <- request.headers,
        String.downcase(name) != "content-type",
        do: {to_charlist(name), to_charlist(value)}
  end

  # `:httpc` opens a new connection for a request that has options for its socket.
  defp connection(%{fresh_connection: true}), do: [socket_opts: [nodelay: true]]
  defp connection(_request), do: []

  defp ssl(%{url: "https:" <> _rest, options: options}) do
    [ssl: Config.get(options, :ssl, nil) || verified()]
  end

  defp ssl(_request), do: []

  defp verified do
    [
      verify: :verify_peer,
      cacerts: :public_key.cacerts_get(),
      depth: 4,
      customize_hostname_check: [match_fun: :public_key.pkix_verify_hostname_match_fun(:https)]
    ]
  end

  # The first of several headers with one name counts.
  defp from_httpc(headers) do
    for {name, value} <- Enum.reverse(headers),
        into: %{},
        do: {name |> to_string() |> String.downcase(), :erlang.list_to_binary(value)}
  end

  defp reason(:socket_closed_remotely), do: :closed
  defp reason({:failed_connect, details}), do: {:not_connected, connect_reason(details)}
  defp reason(:timeout), do: :timeout
  defp reason(other), do: other

  defp connect_reason(details) when is_list(details) do
    Enum.find_value(details, details, fn
      {_family, _options, reason} -> reason
      _address -> nil
    end)
  end

  defp connect_reason(details), do: details
end
