defmodule GroceryPlanner.AIClient.Transport.HttpcProfile do
  @moduledoc false
  # The connections of `:httpc`: a stand-alone profile, with this process in between.
  #
  # A handler of `:httpc` that gets a 503 with a `Retry-After` of one or two digits gives the caller no
  # answer: it asks its manager, by name, to send the request again, without end. A stand-alone manager
  # has no name, so this process takes the name, answers the caller with the 503 instead, and passes
  # everything else on.
  #
  # The manager is linked. If it dies, this process is started again with it, and sets its options.

  use GenServer

  alias GroceryPlanner.AIClient.Config

  @profile :grocery_planner_ai

  # How often, and after how many milliseconds, to try again while an earlier manager still ends.
  @attempts 20
  @pause 25

  @spec start_link(term()) :: GenServer.on_start()
  def start_link(_opts), do: GenServer.start_link(__MODULE__, nil, name: name())

  @doc false
  @spec manager() :: {:ok, pid()} | {:error, :not_started}
  def manager do
    {:ok, GenServer.call(name(), :manager)}
  catch
    :exit, _reason -> {:error, :not_started}
  end

  @doc false
  # Cancels the request when the process has ended, however that happens.
  @spec cancel_with(pid(), term()) :: :ok
  def cancel_with(pid, request_id) do
    GenServer.call(name(), {:cancel_with, pid, request_id})
  catch
    # The requests of a profile that has ended have ended with it.
    :exit, _reason -> :ok
  end

  # The name to which the handlers of the profile send.
  defp name, do: :httpc.profile_name(~c"stand_alone_", @profile)

  @impl GenServer
  def init(nil) do
    # A manager that does not start exits, and is linked already.
    Process.flag(:trap_exit, true)
    manager = start_manager(@attempts)
    Process.flag(:trap_exit, false)

    options = [
      keep_alive_timeout: Config.idle_timeout(),
      max_sessions: Config.get([], :pool_size, 50),
      # Only a connection without a running request is used again.
      max_keep_alive_length: 0,
      # IPv6 first, then IPv4.
      ipfamily: :inet6fb4
    ]

    :ok = :httpc.set_options(options, manager)
    {:ok, %{manager: manager, watched: %{}}}
  end

  # The tables of a manager have names, and go with it.
  defp start_manager(attempts) do
    case :httpc.start_standalone(profile: @profile) do
      {:ok, pid} ->
        pid

      {:error, _reason} when attempts > 1 ->
        Process.sleep(@pause)
        start_manager(attempts - 1)

      {:error, reason} ->
        exit(reason)
    end
  end

  @impl GenServer
  def handle_call(:manager, _from, state), do: {:reply, state.manager, state}

  def handle_call({:cancel_with, pid, request_id}, _from, state) do
    monitor = Process.monitor(pid)
    {:reply, :ok, put_in(state.watched[monitor], request_id)}
  end

  @impl GenServer
  def handle_cast({:retry_or_redirect_request, {milliseconds, request}}, state)
      when is_integer(milliseconds) do
    # A record: its name, the id, who gets the answer, …
    id = elem(request, 1)
    GenServer.cast(state.manager, {:request_done, id})
    after_seconds = milliseconds |> div(1000) |> Integer.to_charlist()
    status = {~c"HTTP/1.1", 503, ~c"Service Unavailable"}
    send(elem(request, 2), {:http, {id, {status, [{~c"retry-after", after_seconds}], ""}}})
    {:noreply, state}
  end

  def handle_cast(message, state) do
    GenServer.cast(state.manager, message)
    {:noreply, state}
  end

  @impl GenServer
  def handle_info({:EXIT, manager, reason}, %{manager: manager} = state) do
    {:stop, reason, state}
  end

  # One that did not start.
  def handle_info({:EXIT, _pid, _reason}, state), do: {:noreply, state}

  def handle_info({:DOWN, monitor, :process, _pid, _reason}, state) do
    {request_id, watched} = Map.pop(state.watched, monitor)
    if request_id, do: :httpc.cancel_request(request_id, state.manager)
    {:noreply, %{state | watched: watched}}
  end
end
