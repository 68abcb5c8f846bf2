defmodule GroceryPlanner.AIClient.Libraries do
  @moduledoc false
  # The libraries that the client uses where the app has them. They are loaded once, when this
  # application starts: looking for a module that is not there searches the disk, each time.

  @modules [JSON, :json, Jason, :jiffy, Req, Finch, :telemetry, :otel_propagator_text_map]

  @doc false
  @spec load() :: :ok
  def load, do: Enum.each(@modules, &Code.ensure_loaded/1)

  @doc false
  @spec there?(module()) :: boolean()
  def there?(module) when module in @modules, do: :erlang.module_loaded(module)
end
