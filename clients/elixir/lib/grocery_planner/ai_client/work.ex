defmodule GroceryPlanner.AIClient.Work do
  @moduledoc false
  # The calls that wait for a result.

  alias GroceryPlanner.AIClient.{Call, Config, Context, Error, Key}

  @type result :: {:ok, map()} | {:error, Error.t()}

  # The service answers within 50 s, or says that it needs longer.
  @receive_timeout 70_000

  @doc false
  # A call whose answer is an envelope; the result is its payload.
  @spec enveloped(atom(), String.t(), String.t(), map(), map(), keyword()) :: result()
  def enveloped(operation, route, feature, payload, context, opts) do
    with {:ok, ids} <- Context.ids(context),
         body = Map.merge(common(ids, opts), %{feature: feature, payload: payload}),
         {:ok, answer} <- run(operation, route, feature, payload, body, opts) do
      unwrap(answer, opts)
    end
  end

  @doc false
  # A call whose body and answer are flat; the result is the answer.
  @spec flat(atom(), String.t(), String.t(), map(), map(), keyword()) :: result()
  def flat(operation, route, feature, payload, context, opts) do
    with {:ok, ids} <- Context.ids(context),
         body = ids |> common(opts) |> Map.merge(payload),
         {:ok, answer} <- run(operation, route, feature, payload, body, opts) do
      if is_map(answer.body), do: {:ok, answer.body}, else: {:error, Call.unexpected(answer)}
    end
  end

  @doc false
  # What every request for work has, without the fields that the caller left out.
  @spec common(map(), keyword()) :: map()
  def common(ids, opts) do
    given = %{
      tenant_id: ids.tenant_id,
      user_id: ids.user_id,
      request_id: opts[:request_id],
      priority: opts[:priority],
      metadata: metadata(opts),
      callback: callback(opts[:callback])
    }

    for {name, value} <- given, value != nil, into: %{}, do: {name, value}
  end

  defp metadata(opts) do
    metadata = Map.new(opts[:metadata] || %{})
    metadata = if opts[:fresh], do: Map.put(metadata, :fresh, true), else: metadata
    if metadata == %{}, do: nil, else: metadata
  end

  @doc false
  # A callback as the service takes it, of a URL alone or of a map or keywords.
  @spec callback(String.t() | map() | keyword() | nil) :: map() | nil
  def callback(url) when is_binary(url), do: %{url: url}
  def callback(nil), do: nil
  def callback(callback), do: Map.new(callback)

  defp run(operation, route, feature, payload, body, opts) do
    key = Key.for_waiting_call(opts, feature, payload)

    Call.run(
      %Call{
        operation: operation,
        method: :post,
        route: route,
        body: body,
        headers: if(key, do: [{"idempotency-key", key}], else: []),
        receive_timeout: Config.get(opts, :receive_timeout, @receive_timeout),
        repeatable: true
      },
      opts
    )
  end

  defp unwrap(%{body: %{"status" => "success", "payload" => payload} = envelope}, opts)
       when is_map(payload) do
    {:ok, if(opts[:envelope], do: envelope, else: payload)}
  end

  defp unwrap(answer, _opts), do: {:error, Call.unexpected(answer)}
end
