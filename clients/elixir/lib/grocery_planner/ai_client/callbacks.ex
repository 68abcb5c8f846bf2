defmodule GroceryPlanner.AIClient.Callbacks do
  @moduledoc """
  Checks callbacks, which the service signs as [Standard Webhooks](https://www.standardwebhooks.com)
  say.

  The signature covers the bytes of the body, so the app has to keep them before it parses them. In
  Phoenix that takes three steps. First, a reader of bodies:

      defmodule MyAppWeb.RawBody do
        def read_body(%{request_path: "/webhooks/" <> _} = conn, opts) do
          with {:ok, body, conn} <- Plug.Conn.read_body(conn, opts) do
            {:ok, body, Plug.Conn.assign(conn, :raw_body, body)}
          end
        end

        def read_body(conn, opts), do: Plug.Conn.read_body(conn, opts)
      end

  Second, one more line in the `plug Plug.Parsers` that the endpoint already has. Its other options stay as
  they are, because forms and uploads need them:

      plug Plug.Parsers,
        parsers: [:urlencoded, :multipart, :json],
        pass: ["*/*"],
        json_decoder: Phoenix.json_library(),
        body_reader: {MyAppWeb.RawBody, :read_body, []}

  Third, a route outside the pipeline `:browser`, whose `protect_from_forgery` would refuse the callback,
  and its controller:

      pipeline :webhooks do
        plug :accepts, ["json"]
      end

      scope "/webhooks", MyAppWeb do
        pipe_through :webhooks
        post "/ai", AIWebhookController, :create
      end

      def create(conn, _params) do
        secrets = Application.fetch_env!(:my_app, :callback_secrets)

        case AIClient.verify_callback(conn.req_headers, conn.assigns[:raw_body], secrets) do
          {:ok, %{"type" => "job." <> _} = event} ->
            enqueue(event)
            send_resp(conn, 204, "")

          # An event of a newer service.
          {:ok, _event} ->
            send_resp(conn, 204, "")

          {:error, refusal} ->
            Logger.warning("callback refused: \#{refusal}")
            send_resp(conn, 401, "")
        end
      end

  A callback is delivered at least once: the header `webhook-id` is the same each time, so it serves as
  a unique key. Answer quickly and do the work later, because the service waits for 10 s only.
  """

  alias GroceryPlanner.AIClient.Codec

  # Seconds by which the clocks of sender and receiver may differ.
  @tolerance 300

  @type headers :: [{String.t(), String.t()}] | %{String.t() => String.t() | [String.t()]}

  @typedoc """
  Why a callback is refused. `:no_raw_body` means that the body was not kept: the request is no JSON, or
  the reader of bodies above is not in use.
  """
  @type refusal ::
          :missing_header
          | :no_raw_body
          | :bad_timestamp
          | :too_old
          | :too_new
          | :bad_signature
          | :bad_body
          | :no_secret

  @doc """
  Returns the event of a callback, such as
  `%{"type" => "job.succeeded", "data" => %{"job_id" => …}}`, if one of the secrets signed it.

  Events of types that this client does not know are returned too: ignore them. `body` is the body as it
  came. Secrets are `whsec_` and base64; without that prefix they are base64
  too. A rotation has two of them. Raises `ArgumentError` for a secret that is no base64.

  Options: `:tolerance` (seconds, by default 300) and `:now` (seconds since 1970).
  """
  @spec verify(headers(), binary() | nil, [String.t()], keyword()) ::
          {:ok, map()} | {:error, refusal()}
  def verify(headers, body, secrets, opts \\ []) do
    keys = secrets |> List.wrap() |> Enum.map(&key/1)

    with :ok <- if(keys == [], do: {:error, :no_secret}, else: :ok),
         :ok <- if(is_binary(body), do: :ok, else: {:error, :no_raw_body}),
         {:ok, id} <- header(headers, "webhook-id"),
         {:ok, timestamp} <- header(headers, "webhook-timestamp"),
         {:ok, signatures} <- header(headers, "webhook-signature"),
         :ok <- recent(timestamp, opts),
         :ok <- signed("#{id}.#{timestamp}.#{body}", signatures, keys) do
      case Codec.decode(body) do
        {:ok, event} when is_map(event) -> {:ok, event}
        _other -> {:error, :bad_body}
      end
    end
  end

  @doc """
  Returns the headers of a signed callback, for the app's own tests.
  """
  @spec sign(String.t(), binary(), String.t(), integer()) :: [{String.t(), String.t()}]
  def sign(id, body, secret, timestamp \\ System.system_time(:second)) do
    signature = signature("#{id}.#{timestamp}.#{body}", key(secret))

    [
      {"webhook-id", id},
      {"webhook-timestamp", Integer.to_string(timestamp)},
      {"webhook-signature", "v1," <> Base.encode64(signature)}
    ]
  end

  defp key("whsec_" <> encoded), do: key(encoded)

  defp key(encoded) do
    case Base.decode64(encoded, padding: false) do
      {:ok, key} when key != "" -> key
      _other -> raise ArgumentError, "a secret of callbacks is whsec_ and base64"
    end
  end

  defp header(headers, name) do
    found =
      Enum.find_value(headers, fn {given, value} ->
        if given |> to_string() |> String.downcase() == name, do: first(value)
      end)

    if found in [nil, ""], do: {:error, :missing_header}, else: {:ok, found}
  end

  defp first([value | _others]), do: value
  defp first([]), do: nil
  defp first(value), do: value

  defp recent(timestamp, opts) do
    tolerance = opts[:tolerance] || @tolerance
    now = opts[:now] || System.system_time(:second)

    case Integer.parse(timestamp) do
      {sent, ""} when sent < now - tolerance -> {:error, :too_old}
      {sent, ""} when sent > now + tolerance -> {:error, :too_new}
      {_sent, ""} -> :ok
      _other -> {:error, :bad_timestamp}
    end
  end

  # Every secret is compared with every signature, in a time that says nothing about the bytes.
  defp signed(content, signatures, keys) do
    expected = for key <- keys, do: signature(content, key)

    given =
      for "v1," <> encoded <- String.split(signatures, " ", trim: true),
          {:ok, signature} <- [Base.decode64(encoded)],
          byte_size(signature) == 32,
          do: signature

    matches = for a <- expected, b <- given, :crypto.hash_equals(a, b), do: a
    if matches == [], do: {:error, :bad_signature}, else: :ok
  end

  defp signature(content, key), do: :crypto.mac(:hmac, :sha256, key, content)
end
