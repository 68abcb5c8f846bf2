defmodule GroceryPlanner.AIClient.Recorder do
  @moduledoc """
  Notes which operations each integration test called, from the events of the requests, and writes
  whether the tests passed to the file that `INTEGRATION_RESULTS` names:

      {"submit_job": [true, true], "queues": [false]}

  It is a formatter of ExUnit. Without the variable it does nothing.
  """
  use GenServer

  alias GroceryPlanner.AIClient.{Codec, StandIns, Telemetry}

  @doc """
  Returns the formatters for `ExUnit.start/1`, and begins to listen if a file is named.
  """
  def formatters do
    if file() do
      :ets.new(__MODULE__, [:named_table, :public, :bag])
      StandIns.attach(__MODULE__, hd(Telemetry.events()), &__MODULE__.called/4)
      [ExUnit.CLIFormatter, __MODULE__]
    else
      [ExUnit.CLIFormatter]
    end
  end

  @doc """
  Says that this process runs a test.
  """
  def running(%{module: module, test: name}), do: Process.put(__MODULE__, {module, name})

  @doc false
  def called(_event, _measurements, %{operation: operation}, _config) do
    callers = [self() | Process.get(:"$callers", [])] ++ Process.get(:"$ancestors", [])
    if test = Enum.find_value(callers, &test/1), do: :ets.insert(__MODULE__, {test, operation})
  end

  defp test(pid) when is_pid(pid) do
    with {:dictionary, dictionary} <- Process.info(pid, :dictionary),
         {_key, test} <- List.keyfind(dictionary, __MODULE__, 0),
         do: test,
         else: (_nothing -> nil)
  end

  defp test(_name), do: nil

  @impl GenServer
  def init(_opts), do: {:ok, %{}}

  @impl GenServer
  def handle_cast({:test_finished, test}, results) do
    called =
      for {_test, operation} <- :ets.lookup(__MODULE__, {test.module, test.name}), do: operation

    passed = test.state == nil

    {:noreply,
     Enum.reduce(called, results, fn operation, results ->
       Map.update(results, operation, [passed], &[passed | &1])
     end)}
  end

  def handle_cast({:suite_finished, _times}, results) do
    {:ok, text} = Codec.encode(results)
    File.write!(file(), text)
    {:noreply, results}
  end

  def handle_cast(_event, results), do: {:noreply, results}

  defp file, do: System.get_env("INTEGRATION_RESULTS")
end
