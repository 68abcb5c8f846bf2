defmodule GroceryPlanner.AIClient.EventParser do
  @moduledoc false
  # Server-sent events, as the HTML standard has them.

  # `last_id`: the id of the newest complete event that had one. `pause`: milliseconds before
  # connecting again.
  defstruct last_id: nil, pause: 1_000, rest: "", id: nil, name: "", data: []

  @type t :: %__MODULE__{
          last_id: String.t() | nil,
          pause: non_neg_integer(),
          rest: binary(),
          id: String.t() | nil,
          name: String.t(),
          data: [binary()]
        }

  @doc false
  @spec new() :: t()
  def new, do: %__MODULE__{}

  @doc false
  # Forgets an event that was cut short, since a new connection begins.
  @spec restart(t()) :: t()
  def restart(parser), do: %{parser | rest: "", id: parser.last_id, name: "", data: []}

  @doc false
  # Returns the events that are complete with this chunk.
  @spec feed(t(), binary()) :: {[%{name: String.t(), data: binary()}], t()}
  def feed(parser, chunk) do
    # A carriage return at the end may be the first half of a line break.
    {lines, [rest]} = ~r/\r\n|\n|\r(?!\z)/ |> Regex.split(parser.rest <> chunk) |> Enum.split(-1)

    {events, parser} = Enum.reduce(lines, {[], parser}, &line/2)
    {Enum.reverse(events), %{parser | rest: rest}}
  end

  defp line("", {events, parser}) do
    # Only now: an event that is cut short has to come again.
    done = %{parser | last_id: parser.id, name: "", data: []}

    case parser.data do
      [] -> {events, done}
      data -> {[%{name: parser.name, data: joined(data)} | events], done}
    end
  end

  # A comment has an empty name, and is ignored as unknown fields are.
  defp line(line, {events, parser}) do
    {field, value} =
      case String.split(line, ":", parts: 2) do
        [field, " " <> value] -> {field, value}
        [field, value] -> {field, value}
        [field] -> {field, ""}
      end

    {events, field(parser, field, value)}
  end

  defp field(parser, "data", value), do: %{parser | data: [value | parser.data]}
  defp field(parser, "event", value), do: %{parser | name: value}

  defp field(parser, "id", value) do
    if value =~ ~r/^[\x20-\x7e]*$/, do: %{parser | id: value}, else: parser
  end

  defp field(parser, "retry", value) do
    if value =~ ~r/^[0-9]{1,6}$/, do: %{parser | pause: String.to_integer(value)}, else: parser
  end

  defp field(parser, _field, _value), do: parser

  defp joined(data), do: data |> Enum.reverse() |> Enum.join("\n")
end
