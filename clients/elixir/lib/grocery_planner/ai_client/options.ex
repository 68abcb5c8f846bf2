defmodule GroceryPlanner.AIClient.Options do
  @moduledoc false
  # Which options a function takes. One that it does not know would be dropped without a word.

  @every ~w(base_url connect_timeout headers receive_timeout req_options retry ssl token
            traceparent transport)a
  @work ~w(callback fresh idempotency_key metadata oban_job priority request_id)a
  @hints ~w(candidate_labels country default_currency locale)a

  @doc false
  @spec hints() :: [atom()]
  def hints, do: @hints

  @doc false
  # `more` are names of options, `:work` for those of calls that make work, and `:hints` for those of
  # receipts.
  @spec check!(keyword(), [atom()]) :: :ok
  def check!(opts, more) do
    allowed = @every ++ Enum.flat_map(more, &names/1)

    case Enum.reject(Keyword.keys(opts), &(&1 in allowed)) do
      [] ->
        :ok

      [name | _] ->
        raise ArgumentError,
              "unknown option #{inspect(name)}; the options are " <>
                Enum.map_join(Enum.sort(allowed), ", ", &inspect/1)
    end
  end

  defp names(:work), do: @work
  defp names(:hints), do: @hints
  defp names(name), do: [name]
end
