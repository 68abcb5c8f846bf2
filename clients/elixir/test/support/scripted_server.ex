defmodule GroceryPlanner.AIClient.ScriptedServer do
  @moduledoc """
  An HTTP server on a real socket that does what a test says, also what no healthy server does.

  The script is a function of the connection's number, the number of the request on it (both from 1),
  and the request. It returns `{status, headers, body}`, `:close` (close without an answer), `:hang`
  (never answer), `{:raw, bytes}` or `{:raw, bytes, :close}`. The test process gets
  `{:requested, connection, number, request}` for every request, and `{:closed, connection}` when the
  client has closed a connection.
  """

  @doc """
  Starts a server that ends with the test. Returns its URL. `host` is an address of this machine, such
  as `"[::1]"`.
  """
  def start(script, host \\ "127.0.0.1") do
    owner = self()
    {:ok, ip} = host |> String.trim_leading("[") |> String.trim_trailing("]") |> address()
    {:ok, listening} = :gen_tcp.listen(0, [family(ip), :binary, active: false, ip: ip])
    {:ok, port} = :inet.port(listening)

    ExUnit.Callbacks.start_supervised!(
      {Task, fn -> accept(listening, owner, script, 1) end},
      id: {__MODULE__, port}
    )

    # The listening socket belongs to the test process, and closes with it.
    "http://#{host}:#{port}"
  end

  defp address(text), do: text |> String.to_charlist() |> :inet.parse_address()

  defp family(ip) when tuple_size(ip) == 8, do: :inet6
  defp family(_ip), do: :inet

  @doc """
  Returns the headers and body of an answer in JSON.
  """
  def json(status, body), do: {status, [{"content-type", "application/json"}], body}

  defp accept(listening, owner, script, connection) do
    case :gen_tcp.accept(listening) do
      {:ok, socket} ->
        {:ok, pid} = Task.start_link(fn -> serve(socket, owner, script, connection, 1) end)
        :gen_tcp.controlling_process(socket, pid)
        accept(listening, owner, script, connection + 1)

      {:error, :closed} ->
        :ok
    end
  end

  defp serve(socket, owner, script, connection, number) do
    with {:ok, request} <- read(socket) do
      send(owner, {:requested, connection, number, request})

      case script.(connection, number, request) do
        :close ->
          :gen_tcp.close(socket)

        :hang ->
          :gen_tcp.recv(socket, 0)

        {:raw, bytes, :close} ->
          :ok = :gen_tcp.send(socket, bytes)
          :gen_tcp.close(socket)

        {:raw, bytes} ->
          :ok = :gen_tcp.send(socket, bytes)
          serve(socket, owner, script, connection, number + 1)

        {status, headers, body} ->
          :ok = :gen_tcp.send(socket, answer(status, headers, body))
          serve(socket, owner, script, connection, number + 1)
      end
    else
      _closed -> send(owner, {:closed, connection})
    end
  end

  defp answer(status, headers, body) do
    lines = for {name, value} <- headers, do: "#{name}: #{value}\r\n"
    ["HTTP/1.1 #{status} Scripted\r\ncontent-length: #{byte_size(body)}\r\n", lines, "\r\n", body]
  end

  defp read(socket) do
    :ok = :inet.setopts(socket, packet: :http_bin)

    with {:ok, {:http_request, method, {:abs_path, path}, _version}} <- :gen_tcp.recv(socket, 0) do
      headers = headers(socket, %{})
      :ok = :inet.setopts(socket, packet: :raw)
      body = body(socket, String.to_integer(headers["content-length"] || "0"))
      {:ok, %{method: to_string(method), path: path, headers: headers, body: body}}
    end
  end

  defp headers(socket, found) do
    case :gen_tcp.recv(socket, 0) do
      {:ok, {:http_header, _, name, _, value}} ->
        headers(socket, Map.put(found, name |> to_string() |> String.downcase(), value))

      {:ok, :http_eoh} ->
        found
    end
  end

  defp body(_socket, 0), do: ""

  defp body(socket, length) do
    {:ok, body} = :gen_tcp.recv(socket, length)
    body
  end
end
