defmodule GroceryPlanner.AIClient.Codec do
  @moduledoc """
  JSON by whichever library is there: `JSON` (Elixir 1.18), `:json` (OTP 27), `Jason` or `:jiffy`.

  The keys of decoded objects are strings, never atoms. What can be encoded is the same with every
  library: maps, lists, strings, numbers, booleans, nil, other atoms (as strings), and dates, times
  and `Decimal` (as strings).
  """

  alias GroceryPlanner.AIClient.Libraries

  @compile {:no_warn_undefined, [JSON, Jason, :json, :jiffy]}

  @libraries [JSON, :json, Jason, :jiffy]

  @doc """
  Returns the library in use. Raises if none is there.
  """
  @spec module() :: module()
  def module do
    case Application.get_env(:grocery_planner_ai, :json, :auto) do
      :auto -> Enum.find(@libraries, &usable?/1) || raise ArgumentError, nothing_there()
      library when library in @libraries -> library
    end
  end

  @doc """
  Returns the libraries that are there, the preferred one first.
  """
  @spec available() :: [module()]
  def available, do: Enum.filter(@libraries, &usable?/1)

  @doc """
  Encodes a term. The error is a sentence.
  """
  @spec encode(term(), module()) :: {:ok, binary()} | {:error, String.t()}
  def encode(term, library \\ module()) do
    {:ok, term |> plain(null(library)) |> encode_with(library) |> IO.iodata_to_binary()}
  rescue
    error in [ArgumentError, ErlangError, Protocol.UndefinedError] ->
      {:error, "cannot be sent as JSON: #{Exception.message(error)}"}
  catch
    # :jiffy throws.
    _kind, reason -> {:error, "cannot be sent as JSON: #{inspect(reason)}"}
  end

  @doc """
  Decodes JSON. The error is a sentence.
  """
  @spec decode(binary(), module()) :: {:ok, term()} | {:error, String.t()}
  def decode(text, library \\ module()) do
    decode_with(text, library)
  rescue
    error in [ErlangError, ArgumentError] -> {:error, "is not JSON: #{Exception.message(error)}"}
  catch
    _kind, reason -> {:error, "is not JSON: #{inspect(reason)}"}
  end

  # Another application may have a module of that name.
  defp usable?(:json), do: Libraries.there?(:json) and function_exported?(:json, :decode, 3)
  defp usable?(library), do: Libraries.there?(library)

  defp nothing_there do
    "GroceryPlanner.AIClient needs JSON: Elixir 1.18, OTP 27, or the dependency :jason or :jiffy"
  end

  defp null(:json), do: :null
  defp null(_library), do: nil

  defp encode_with(term, JSON), do: JSON.encode_to_iodata!(term)
  defp encode_with(term, :json), do: :json.encode(term)
  defp encode_with(term, :jiffy), do: :jiffy.encode(term, [:use_nil])

  defp encode_with(term, Jason) do
    case Jason.encode_to_iodata(term) do
      {:ok, encoded} -> encoded
      {:error, error} -> raise ArgumentError, Exception.message(error)
    end
  end

  defp decode_with(text, :jiffy), do: {:ok, :jiffy.decode(text, [:return_maps, :use_nil])}

  defp decode_with(text, :json) do
    {value, :ok, rest} = :json.decode(text, :ok, %{null: nil})
    if String.trim(rest) == "", do: {:ok, value}, else: {:error, "is not JSON: text follows it"}
  end

  defp decode_with(text, JSON) do
    with {:error, reason} <- JSON.decode(text), do: {:error, "is not JSON: #{inspect(reason)}"}
  end

  defp decode_with(text, Jason) do
    with {:error, error} <- Jason.decode(text),
         do: {:error, "is not JSON: #{Exception.message(error)}"}
  end

  # The libraries differ in structs, keys and atoms, so they get only what all of them know.
  defp plain(nil, null), do: null
  defp plain(value, _null) when is_boolean(value) or is_number(value), do: value
  defp plain(value, _null) when is_atom(value), do: Atom.to_string(value)
  defp plain(list, null) when is_list(list), do: Enum.map(list, &plain(&1, null))

  defp plain(text, _null) when is_binary(text) do
    if String.valid?(text), do: text, else: raise(ArgumentError, "a text is not UTF-8")
  end

  defp plain(%module{} = struct, _null)
       when module in [Date, Time, DateTime, NaiveDateTime, Decimal] do
    to_text(struct)
  end

  defp plain(%_{} = struct, null), do: struct |> Map.from_struct() |> plain(null)

  defp plain(map, null) when is_map(map) do
    Map.new(map, fn {key, value} -> {to_string(key), plain(value, null)} end)
  end

  defp plain(other, _null), do: raise(ArgumentError, "#{inspect(other)} has no form in JSON")

  defp to_text(%DateTime{} = time), do: DateTime.to_iso8601(time)
  defp to_text(%NaiveDateTime{} = time), do: NaiveDateTime.to_iso8601(time)
  defp to_text(other), do: to_string(other)
end
