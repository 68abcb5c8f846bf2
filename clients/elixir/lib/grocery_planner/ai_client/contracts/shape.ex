defmodule GroceryPlanner.AIClient.Contracts.Shape do
  @moduledoc """
  Makes a contract of a list of fields: a struct, its type, and `validate/1`.

      use Shape, fields: [
        category: {:string, :required},
        confidence: {{:number, 0, 1}, :required},
        level: {{:enum, ["high", "low"]}, :nullable}
      ]

  A field is `:required` (there, and not null), `:nullable` (there, perhaps null) or `:optional`
  (perhaps not there: an older service does not send it). Unknown fields are ignored, because newer
  services send more. Keys are looked up by name, as strings or as atoms, so none of the service's keys
  becomes an atom.

  Types: `:string`, `:integer`, `:number`, `:boolean`, `:map`, `:id` (a string or an integer), `:date`,
  `:datetime` (both stay strings of ISO 8601), `:decimal` (a string of digits), `{:number, min, max}`,
  `{:integer, min, max}`, `{:enum, values}`, `{:list, type}`, `{:map_of, type}`, and another contract.
  A module that uses this may define `check/1`, which gets a struct without problems and returns more.
  """

  @typedoc """
  What is wrong with a field. `field` is a path with dots, such as `"items.0.confidence"`.
  """
  @type problem :: %{field: String.t(), message: String.t()}

  @doc false
  defmacro __using__(fields: fields) do
    names = for {name, _spec} <- fields, do: name

    types =
      for {name, {type, presence}} <- fields,
          do: {name, if(presence == :required, do: spec(type), else: {:|, [], [spec(type), nil]})}

    quote do
      alias GroceryPlanner.AIClient.Contracts.Shape

      defstruct unquote(names)

      @type t :: %__MODULE__{unquote_splicing(types)}

      @doc """
      Checks a decoded answer, and returns it as a struct or what is wrong with its fields.
      """
      @spec validate(term()) :: {:ok, t()} | {:error, [Shape.problem()]}
      def validate(data), do: Shape.validate(__MODULE__, unquote(fields), data)

      @doc false
      @spec check(t()) :: [Shape.problem()]
      def check(_struct), do: []

      defoverridable check: 1
    end
  end

  defp spec(:boolean), do: quote(do: boolean())
  defp spec(:integer), do: quote(do: integer())
  defp spec(:number), do: quote(do: number())
  defp spec(:map), do: quote(do: map())
  defp spec(:id), do: quote(do: String.t() | integer())
  defp spec({:list, type}), do: quote(do: [unquote(spec(type))])
  defp spec({:map_of, type}), do: quote(do: %{optional(String.t()) => unquote(spec(type))})
  defp spec({:{}, _meta, [kind, _min, _max]}), do: spec(kind)
  defp spec({:__aliases__, _meta, _parts} = module), do: quote(do: unquote(module).t())
  defp spec(_text), do: quote(do: String.t())

  @doc false
  @spec validate(module(), keyword(), term()) :: {:ok, struct()} | {:error, [problem()]}
  def validate(module, fields, data) when is_map(data) do
    {values, problems} =
      Enum.reduce(fields, {[], []}, fn {name, {type, presence}}, {values, problems} ->
        case field(data, name, type, presence) do
          {:ok, value} -> {[{name, value} | values], problems}
          {:error, found} -> {values, problems ++ found}
        end
      end)

    if problems == [], do: checked(struct!(module, values)), else: {:error, problems}
  end

  def validate(_module, _fields, _data), do: {:error, [problem("", "must be an object")]}

  @doc false
  @spec problem(String.t(), String.t()) :: problem()
  def problem(field, message), do: %{field: field, message: message}

  defp checked(%module{} = struct) do
    case module.check(struct) do
      [] -> {:ok, struct}
      problems -> {:error, problems}
    end
  end

  defp field(data, name, type, presence) do
    key = Atom.to_string(name)

    case {fetch(data, key, name), presence} do
      {:error, :optional} -> {:ok, nil}
      {:error, _} -> {:error, [problem(key, "is missing")]}
      {{:ok, nil}, :required} -> {:error, [problem(key, "must not be null")]}
      {{:ok, nil}, _} -> {:ok, nil}
      {{:ok, value}, _} -> value(type, value, key)
    end
  end

  defp fetch(data, key, name) do
    with :error <- Map.fetch(data, key), do: Map.fetch(data, name)
  end

  defp value({:list, type}, list, path) when is_list(list) do
    list
    |> Enum.with_index()
    |> Enum.map(fn {element, index} -> value(type, element, "#{path}.#{index}") end)
    |> collect()
  end

  defp value({:map_of, type}, map, path) when is_map(map) do
    with {:ok, pairs} <-
           map
           |> Enum.map(fn {key, element} ->
             with {:ok, value} <- value(type, element, "#{path}.#{key}"),
                  do: {:ok, {to_string(key), value}}
           end)
           |> collect(),
         do: {:ok, Map.new(pairs)}
  end

  defp value(type, value, path) do
    if contract?(type) do
      with {:error, problems} <- type.validate(value) do
        {:error, Enum.map(problems, &%{&1 | field: join(path, &1.field)})}
      end
    else
      if fits?(type, value), do: {:ok, value}, else: {:error, [problem(path, must(type))]}
    end
  end

  defp contract?(type), do: is_atom(type) and match?("Elixir." <> _, Atom.to_string(type))

  defp collect(results) do
    case for {:error, problems} <- results, problem <- problems, do: problem do
      [] -> {:ok, for({:ok, value} <- results, do: value)}
      problems -> {:error, problems}
    end
  end

  defp join(path, ""), do: path
  defp join(path, field), do: "#{path}.#{field}"

  defp fits?(:string, value), do: is_binary(value)
  defp fits?(:integer, value), do: is_integer(value)
  defp fits?(:number, value), do: is_number(value)
  defp fits?(:boolean, value), do: is_boolean(value)
  defp fits?(:map, value), do: is_map(value)
  defp fits?(:id, value), do: is_binary(value) or is_integer(value)
  defp fits?({:number, min, max}, value), do: is_number(value) and value >= min and value <= max
  defp fits?({:integer, min, max}, value), do: is_integer(value) and value >= min and value <= max
  defp fits?({:enum, values}, value), do: value in values
  defp fits?(:date, value), do: is_binary(value) and match?({:ok, _}, Date.from_iso8601(value))

  defp fits?(:datetime, value) do
    is_binary(value) and match?({:ok, _, _}, DateTime.from_iso8601(value))
  end

  defp fits?(:decimal, value), do: is_binary(value) and value =~ ~r/^-?\d+(\.\d+)?$/
  # A list or map type that got something else.
  defp fits?(_type, _value), do: false

  defp must(:id), do: "must be a string or an integer"
  defp must(:date), do: "must be a date of ISO 8601"
  defp must(:datetime), do: "must be a time of ISO 8601"
  defp must(:decimal), do: "must be a decimal number in a string"
  defp must(:map), do: "must be an object"
  defp must({:map_of, _type}), do: "must be an object"
  defp must({:list, _type}), do: "must be a list"
  defp must({kind, min, max}), do: "must be #{article(kind)} from #{min} to #{max}"
  defp must({:enum, values}), do: "must be one of #{Enum.join(values, ", ")}"
  defp must(kind), do: "must be #{article(kind)}"

  defp article(:integer), do: "an integer"
  defp article(kind), do: "a #{kind}"
end
