defmodule GroceryPlanner.AIClient.Transport.Httpc do
  @moduledoc """
  Sends requests with OTP's `:httpc`, under a profile of its own.

  Options of the default profile belong to the whole node, and its connections stay idle for 120 s,
  longer than the service keeps them. This profile drops them after 60 s and puts no request behind
  another one that still waits for its answer. Certificates are verified with those of the system.

  IPv6 is tried before IPv4.

  `:httpc` repeats a 503 by itself if it has a `Retry-After` of one or two digits, without end. This
  profile does not: the caller gets the 503 at once, with its `Retry-After` but without its body. The
  service sends three digits, and its body arrives.

  `:httpc` passes on what it read together with the end of the headers only when it reads more. The first
  event of a stream therefore comes with the second, or with the next heartbeat (15 s), if a proxy with
  TLS joins it to the headers. The service sends them apart. Req has no such limit.
  """

  @behaviour GroceryPlanner.AIClient.Transport

  alias GroceryPlanner.AIClient.Config
  alias GroceryPlanner.AIClient.Transport.HttpcProfile

  # Milliseconds after which `:httpc` should have reported its own timeout.
  @leeway 1_000

  # `:httpc` holds the part of the body that is read together with the end of the headers until more
  # is read, so a socket that reads little at once holds back less than an event.
  @stream_socket [nodelay: true, buffer: 16]

  # Reasons that say nothing about the host, if the other version of IP has a reason too.
  @no_route [:nxdomain, :eafnosupport, :enetunreach, :ehostunreach, :eaddrnotavail]

  @impl GroceryPlanner.AIClient.Transport
  def send(request) do
    # Either version of IP may take the time for connecting.
    patience = request.receive_timeout + 2 * request.connect_timeout + @leeway
    options = [body_format: :binary] ++ connection(request)

    with {:ok, manager} <- HttpcProfile.manager() do
      patience
      |> within(fn -> ask(request, request.receive_timeout, options, manager) end)
      |> answer()
    end
  end

  @impl GroceryPlanner.AIClient.Transport
  def stream(request, receiver) do
    options = [body_format: :binary, sync: false, stream: :self, socket_opts: @stream_socket]

    with {:ok, manager} <- HttpcProfile.manager(),
         {:ok, id} <- ask(request, :infinity, options, manager) do
      # Whoever listens is ended from outside, and then the connection has to be closed.
      HttpcProfile.cancel_with(self(), id)
      hear(id, receiver, %{})
    else
      {:error, reason} -> {:error, reason(reason)}
    end
  end

  defp hear(id, receiver, headers) do
    receive do
      {:http, {^id, :stream_start, headers}} ->
        hear(id, receiver, from_httpc(headers))

      {:http, {^id, :stream, chunk}} ->
        receiver.(chunk)
        hear(id, receiver, headers)

      {:http, {^id, :stream_end, _headers}} ->
        {:ok, %{status: 200, headers: headers, body: ""}}

      {:http, {^id, {:error, reason}}} ->
        answer({:error, reason})

      {:http, {^id, {_status, _headers, _body} = result}} ->
        answer({:ok, result})
    end
  end

  defp ask(request, timeout, options, manager) do
    http_options =
      [timeout: timeout, connect_timeout: request.connect_timeout, autoredirect: false] ++
        ssl(request)

    :httpc.request(request.method, to_httpc(request), http_options, options, manager)
  end

  defp answer({:ok, {{_version, status, _reason}, headers, body}}) do
    {:ok, %{status: status, headers: from_httpc(headers), body: body}}
  end

  defp answer({:error, reason}), do: {:error, reason(reason)}

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

  defp to_httpc(%{method: method} = request) when method in [:get, :delete] do
    {to_charlist(request.url), headers(request)}
  end

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

  # One reason for each version of IP that was tried.
  defp connect_reason(details) when is_list(details) do
    reasons = for {_family, _options, reason} <- details, do: reason
    Enum.find(reasons, &(&1 not in @no_route)) || List.last(reasons) || details
  end

  defp connect_reason(details), do: details
end
