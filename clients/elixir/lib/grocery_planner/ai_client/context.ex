defmodule GroceryPlanner.AIClient.Context do
  @moduledoc """
  Whom a call acts for: `%{tenant_id: id, user_id: id}`, with keys as atoms or strings.

  Ids are strings or numbers. `user_id` may be missing. A struct with these fields will do.
  """

  alias GroceryPlanner.AIClient.Error

  @type t :: %{
          required(:tenant_id) => String.t() | integer(),
          optional(:user_id) => String.t() | integer() | nil,
          optional(atom()) => term()
        }

  @doc """
  Returns the ids as strings. Without a tenant it is the error that the service would answer.
  """
  @spec ids(t() | map()) ::
          {:ok, %{tenant_id: String.t(), user_id: String.t() | nil}} | {:error, Error.t()}
  def ids(context) when is_map(context) do
    case get(context, :tenant_id) do
      tenant when tenant in [nil, ""] -> {:error, missing()}
      tenant -> {:ok, %{tenant_id: to_string(tenant), user_id: text(get(context, :user_id))}}
    end
  end

  def ids(_context), do: {:error, missing()}

  defp get(context, key), do: Map.get(context, key) || Map.get(context, Atom.to_string(key))

  defp text(nil), do: nil
  defp text(id), do: to_string(id)

  defp missing do
    Error.new(:bad_input, "tenant_required", "The context of the call has no tenant_id.")
  end
end
