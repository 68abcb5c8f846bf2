defmodule GroceryPlanner.AIClient.ServiceCase do
  @moduledoc """
  Tests against a running service, at `AI_SERVICE_URL`.

  Each test has a tenant of its own, so tests neither see nor join each other's jobs.
  """
  use ExUnit.CaseTemplate

  alias GroceryPlanner.AIClient
  alias GroceryPlanner.AIClient.{Key, Recorder}

  using do
    quote do
      alias GroceryPlanner.AIClient
      alias GroceryPlanner.AIClient.{Contracts, Error}

      import GroceryPlanner.AIClient.ServiceCase

      @moduletag :integration
      @moduletag timeout: 180_000
    end
  end

  setup_all do
    case AIClient.service_health() do
      {:ok, _body} -> :ok
      {:error, reason} -> raise "the service at AI_SERVICE_URL is not well: #{inspect(reason)}"
    end
  end

  setup context do
    Recorder.running(context)
    {:ok, context: %{tenant_id: "elixir-#{Key.uuid()}", user_id: "test-user"}}
  end

  @doc """
  Returns the image of a receipt: the file that `RECEIPT_IMAGE` names.
  """
  def receipt do
    {:file,
     System.get_env("RECEIPT_IMAGE") ||
       raise("RECEIPT_IMAGE names no file; the demo draws one: bin/demo --save FOLDER")}
  end

  @doc """
  Returns 32 and 16 hexadecimal digits: the ids of a trace and of a span.
  """
  def trace_ids do
    for bytes <- [16, 8],
        do: bytes |> :crypto.strong_rand_bytes() |> Base.encode16(case: :lower)
  end
end
