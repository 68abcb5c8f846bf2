defmodule GroceryPlanner.AIClient.Call do
  @moduledoc false
  # One call: encodes the request, sends it, repeats it once on a closed connection, and turns the
  # answer into a result.

  alias GroceryPlanner.AIClient.{Codec, Config, Error, Telemetry, Trace, Transport}

  @enforce_keys [:operation, :method, :route]
  defstruct [
    :operation,
    :method,
    :route,
    # The path, if it has more than the route, such as an id.
    :path,
    :body,
    query: [],
    headers: [],
    receive_timeout: 15_000,
    # Whether sending it twice does no harm.
    repeatable: false,
    # Whether the body of the answer is no JSON, and is returned as it came.
    binary: false
  ]

  @type t :: %__MODULE__{
          operation: atom(),
          method: :get | :post | :delete,
          route: String.t(),
          path: String.t() | nil,
          body: term(),
          query: [{atom(), term()}],
          headers: [{String.t(), String.t()}],
          receive_timeout: pos_integer(),
          repeatable: boolean(),
          binary: boolean()
        }

  @type answer :: %{
          status: pos_integer(),
          headers: %{String.t() => String.t()},
          body: term()
        }

  @doc false
  @spec run(t(), keyword()) :: {:ok, answer()} | {:error, Error.t()}
  def run(%__MODULE__{} = call, opts) do
    transport = Transport.module(opts)
    Telemetry.span(metadata(call, transport), fn -> send_encoded(call, transport, opts) end)
  end

  @doc false
  # Passes the body of a 200 to the function, chunk by chunk.
  @spec stream(t(), keyword(), (binary() -> term())) :: {:ok, answer()} | {:error, Error.t()}
  def stream(%__MODULE__{} = call, opts, receiver) do
    transport = Transport.module(opts)

    Telemetry.span(metadata(call, transport), fn ->
      result =
        case transport.stream(request(call, nil, opts), receiver) do
          {:ok, %{status: status} = answer} when status in [200, 204] -> {:ok, answer}
          answered -> result(answered, Config.shown_url(opts))
        end

      {result, %{status: status(result), repeats: 0}}
    end)
  end

  defp metadata(call, transport) do
    %{
      operation: call.operation,
      method: call.method |> Atom.to_string() |> String.upcase(),
      route: call.route,
      transport: transport
    }
  end

  defp send_encoded(call, transport, opts) do
    case encode(call.body) do
      {:ok, text} ->
        request = request(call, text, opts)
        repeats? = call.repeatable and Config.get(opts, :retry, true) != false
        {answered, repeats} = send_or_repeat(transport, request, repeats?)
        result = received(answered, call, opts)
        {result, %{status: status(result), repeats: repeats}}

      {:error, sentence} ->
        {{:error, Error.new(:bad_input, "not_sendable", "The request #{sentence}.")},
         %{status: nil, repeats: 0}}
    end
  end

  defp encode(nil), do: {:ok, nil}
  defp encode(body), do: Codec.encode(body)

  defp request(call, text, opts) do
    %{
      method: call.method,
      url: Config.shown_url(opts) <> (call.path || call.route) <> query(call.query),
      headers: headers(call, opts),
      body: text,
      receive_timeout: opts[:receive_timeout] || call.receive_timeout,
      connect_timeout: Config.get(opts, :connect_timeout, 5_000),
      fresh_connection: false,
      options: opts
    }
  end

  defp query(pairs) do
    case for {name, value} <- pairs, value != nil, do: {name, value} do
      [] -> ""
      given -> "?" <> URI.encode_query(given)
    end
  end

  # The last header of a name counts, so an app can replace every one.
  defp headers(call, opts) do
    own = [{"accept", "application/json"}, {"content-type", "application/json"}]

    (own ++ call.headers ++ Trace.headers(opts) ++ Config.headers(opts))
    |> Enum.reverse()
    |> Enum.uniq_by(fn {name, _value} -> String.downcase(name) end)
    |> Enum.reverse()
  end

  # A server closes a connection that was idle for long; the request that meets the end of it was not
  # served. Nothing else is repeated here: the caller knows best when to ask again.
  defp send_or_repeat(transport, request, repeats?) do
    case transport.send(request) do
      {:error, :closed} when repeats? ->
        {transport.send(%{request | fresh_connection: true}), 1}

      answered ->
        {answered, 0}
    end
  end

  defp received({:ok, %{status: 200} = answer}, %{binary: true}, _opts), do: {:ok, answer}
  defp received(answered, _call, opts), do: result(answered, Config.shown_url(opts))

  defp result({:error, reason}, url), do: {:error, Error.from_transport(reason, url)}

  defp result({:ok, %{status: status} = answer}, _url) when status in 200..299 do
    case Codec.decode(answer.body) do
      {:ok, body} -> {:ok, %{answer | body: body}}
      {:error, _sentence} -> {:error, unexpected(answer)}
    end
  end

  defp result({:ok, answer}, _url) do
    body =
      case Codec.decode(answer.body) do
        {:ok, decoded} -> decoded
        {:error, _sentence} -> answer.body
      end

    {:error, Error.from_answer(answer.status, answer.headers, body)}
  end

  defp status({:ok, %{status: status}}), do: status
  defp status({:error, %Error{status: status}}), do: status

  @doc false
  # An answer that is no problem document, but not what the contract says either.
  @spec unexpected(answer()) :: Error.t()
  def unexpected(answer) do
    Error.new(
      :bug,
      "unexpected_answer",
      "The answer (#{answer.status}) is not what the contract says; check the service's URL.",
      retryable: false,
      status: answer.status,
      body: answer.body,
      trace_id: answer.headers["x-trace-id"],
      request_id: answer.headers["x-request-id"]
    )
  end
end
