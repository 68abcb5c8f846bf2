defmodule GroceryPlanner.AIClient.Receipts do
  @moduledoc false
  # Images of receipts, and the hints with which they are read.

  alias GroceryPlanner.AIClient.{Error, Options, Work}

  @type image :: String.t() | {:binary, binary()} | {:file, Path.t()}

  @doc false
  @spec flat(image(), map(), keyword()) :: Work.result()
  def flat(image, context, opts \\ []) do
    Options.check!(opts, [:work, :hints, :envelope])

    with {:ok, payload} <- with_hints(image, opts) do
      route = "/api/v1/extract-receipt"
      Work.enveloped(:extract_receipt, route, "receipt_extraction", payload, context, opts)
    end
  end

  @doc false
  @spec rich(image(), map(), keyword()) :: Work.result()
  def rich(image, context, opts \\ []) do
    Options.check!(opts, [:work, :hints])

    with {:ok, payload} <- with_hints(image, opts) do
      route = "/api/v1/receipts/extract"
      Work.flat(:extract_rich_receipt, route, "receipt_extraction", payload, context, opts)
    end
  end

  @doc """
  Makes the payload of a receipt, also for `GroceryPlanner.AIClient.submit_job/4`.
  """
  @spec payload(image(), keyword()) :: {:ok, map()} | {:error, Error.t()}
  def payload(image, opts \\ []) do
    Options.check!(opts, [:hints])
    with_hints(image, opts)
  end

  defp with_hints(image, opts) do
    hints = Keyword.take(opts, Options.hints())

    with {:ok, text} <- base64(image) do
      case for {name, value} <- hints, value != nil, into: %{}, do: {name, value} do
        hints when hints == %{} -> {:ok, %{image_base64: text}}
        hints -> {:ok, %{image_base64: text, options: hints}}
      end
    end
  end

  defp base64({:binary, bytes}), do: {:ok, Base.encode64(bytes)}
  defp base64(text) when is_binary(text), do: {:ok, text}

  defp base64({:file, path}) do
    case File.read(path) do
      {:ok, bytes} ->
        {:ok, Base.encode64(bytes)}

      {:error, reason} ->
        sentence = "#{path} cannot be read: #{:file.format_error(reason)}."
        {:error, Error.new(:bad_input, "not_sendable", sentence, reason: reason)}
    end
  end
end
