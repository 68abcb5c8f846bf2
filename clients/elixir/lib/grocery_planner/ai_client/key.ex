defmodule GroceryPlanner.AIClient.Key do
  @moduledoc """
  Idempotency keys: a submission with the key of an earlier one gets the job of that one.
  """

  @doc """
  Returns the key of a submission, or nil if the service finds the same job by `:request_id`.

  The key is the option `:idempotency_key`, or is made from the Oban job in the option `:oban_job`,
  or is random. A key from an Oban job stays the same in all its attempts, and differs for another
  feature or payload, so one Oban job may submit several.
  """
  @spec for_submission(keyword(), String.t(), term()) :: String.t() | nil
  def for_submission(opts, feature, payload) do
    cond do
      opts[:idempotency_key] -> to_string(opts[:idempotency_key])
      opts[:oban_job] -> from_oban_job(opts[:oban_job], feature, payload)
      opts[:request_id] -> nil
      true -> uuid()
    end
  end

  @doc """
  Returns the key of a waiting call, or nil. Without a key the service finds the same work by its
  content, which is better: a key would also bring back a failure. Only new work needs a key, since a
  repeat of the request would otherwise make it twice.
  """
  @spec for_waiting_call(keyword(), String.t(), term()) :: String.t() | nil
  def for_waiting_call(opts, feature, payload) do
    cond do
      opts[:idempotency_key] -> to_string(opts[:idempotency_key])
      opts[:fresh] -> for_submission(Keyword.delete(opts, :request_id), feature, payload)
      true -> nil
    end
  end

  defp from_oban_job(%{id: id}, feature, payload) when not is_nil(id) do
    content = :erlang.term_to_binary({feature, payload}, [:deterministic])
    digest = :crypto.hash(:sha256, content) |> Base.encode16(case: :lower)
    "oban-#{id}-#{String.slice(digest, 0, 16)}"
  end

  # A job that was not inserted, as in a test, has no id yet.
  defp from_oban_job(_job, _feature, _payload), do: uuid()

  @doc """
  Makes a random UUID (version 4).
  """
  @spec uuid() :: String.t()
  def uuid do
    <<a::48, _version::4, b::12, _variant::2, c::62>> = :crypto.strong_rand_bytes(16)

    <<a::48, 4::4, b::12, 2::2, c::62>>
    |> Base.encode16(case: :lower)
    |> String.replace(~r/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "\\1-\\2-\\3-\\4-\\5")
  end
end
