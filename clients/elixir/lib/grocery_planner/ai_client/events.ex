defmodule GroceryPlanner.AIClient.Events do
  @moduledoc false
  # The events of a job, over as many connections as that takes.
  #
  # A process reads each connection and sends what comes to the one that enumerates. It is linked, so
  # that none outlives its listener, and ends only when it is ended.

  alias GroceryPlanner.AIClient.{Call, Codec, Context, Error, EventParser, Options}

  @ended ~w(succeeded failed cancelled)
  @kinds %{"job" => :job, "stage" => :stage}

  # Milliseconds until a listener gives up, unless it says otherwise.
  @timeout 600_000
  # The service says something every 15 s; after three times that the connection is dead.
  @silence 45_000
  # The longest pause before connecting again, however often that has failed.
  @longest_pause 10_000

  @type event :: {:job | :stage, map()}

  @doc false
  @spec stream(String.t(), map(), keyword()) :: Enumerable.t()
  def stream(job_id, context, opts) do
    Options.check!(opts, [:timeout])
    Stream.resource(fn -> start(job_id, context, opts) end, &next/1, &close/1)
  end

  defp start(job_id, context, opts) do
    {timeout, opts} = Keyword.pop(opts, :timeout, @timeout)

    case Context.ids(context) do
      {:ok, ids} ->
        %{
          job_id: job_id,
          tenant_id: ids.tenant_id,
          opts: opts,
          deadline: now() + timeout,
          parser: EventParser.new(),
          failures: 0,
          # Why nothing is heard.
          error: nil,
          over: false,
          reader: nil
        }

      {:error, error} ->
        raise error
    end
  end

  defp next(%{over: true} = state), do: {:halt, state}
  defp next(%{reader: nil} = state), do: {[], connect(state)}

  defp next(%{reader: {pid, tag}} = state) do
    receive do
      {^tag, {:chunk, chunk}} -> heard(state, chunk)
      {^tag, {:done, result}} -> state |> close() |> ended(result)
      {^tag, {:raised, kind, reason, stack}} -> :erlang.raise(kind, reason, stack)
      {:EXIT, ^pid, reason} -> state |> close() |> ended({:error, lost(reason)})
    after
      min(@silence, left(state)) -> state |> close() |> silent()
    end
  end

  defp connect(state) do
    path = "/api/v1/jobs/#{URI.encode(to_string(state.job_id), &URI.char_unreserved?/1)}/events"
    last_id = state.parser.last_id

    call = %Call{
      operation: :stream_events,
      method: :get,
      route: "/api/v1/jobs/{job_id}/events",
      path: path,
      headers:
        [{"accept", "text/event-stream"}, {"x-tenant-id", state.tenant_id}] ++
          if(last_id, do: [{"last-event-id", last_id}], else: [])
    }

    owner = self()
    tag = make_ref()
    callers = [owner | Process.get(:"$callers", [])]
    # Read here: the span is current in this process only.
    opts = state.opts ++ GroceryPlanner.AIClient.Trace.options(state.opts)

    pid =
      spawn_link(fn ->
        Process.put(:"$callers", callers)
        send(owner, {tag, read(call, opts, &send(owner, {tag, {:chunk, &1}}))})
        Process.sleep(:infinity)
      end)

    %{state | reader: {pid, tag}, parser: EventParser.restart(state.parser)}
  end

  # What is raised is raised again in the process that listens, where it can be rescued.
  defp read(call, opts, receiver) do
    {:done, Call.stream(call, opts, receiver)}
  catch
    kind, reason -> {:raised, kind, reason, __STACKTRACE__}
  end

  defp heard(state, chunk) do
    {sent, parser} = EventParser.feed(state.parser, chunk)
    events = for %{name: name, data: data} <- sent, kind = @kinds[name], do: {kind, decoded(data)}
    over = Enum.any?(events, &match?({:job, %{"status" => status}} when status in @ended, &1))
    {events, %{state | parser: parser, over: over, failures: 0, error: nil}}
  end

  defp decoded(data) do
    case Codec.decode(data) do
      {:ok, map} when is_map(map) -> map
      _other -> raise unexpected("An event is not what the contract says.")
    end
  end

  defp silent(state) do
    if left(state) == 0, do: give_up(state), else: ended(state, {:error, lost(:timeout)})
  end

  # The event of the end was seen before.
  defp ended(state, {:ok, %{status: 204}}), do: {:halt, state}
  defp ended(state, {:ok, _answer}), do: again(state, nil)
  defp ended(state, {:error, %Error{retryable: true} = error}), do: again(state, error)
  defp ended(_state, {:error, error}), do: raise(error)

  defp again(state, error) do
    state = %{state | error: error}

    case left(state) do
      0 ->
        give_up(state)

      left ->
        asked = ((error && error.retry_after) || 0) * 1000
        doubled = state.parser.pause * Integer.pow(2, min(state.failures, 10))
        pause = max(min(doubled, @longest_pause), asked)
        # Not all listeners at once, after a front has shut down.
        Process.sleep(min(div(pause, 2) + :rand.uniform(max(pause, 1)), left))
        {[], %{state | failures: state.failures + 1}}
    end
  end

  defp close(%{reader: nil} = state), do: state

  defp close(%{reader: {pid, tag}} = state) do
    Process.unlink(pid)
    Process.exit(pid, :kill)
    flush(pid, tag)
    %{state | reader: nil}
  end

  defp flush(pid, tag) do
    receive do
      {^tag, _message} -> flush(pid, tag)
      {:EXIT, ^pid, _reason} -> flush(pid, tag)
    after
      0 -> :ok
    end
  end

  defp left(state), do: max(state.deadline - now(), 0)

  defp lost(reason) do
    Error.new(
      :transient,
      "service_unreachable",
      "The stream of events ended (#{inspect(reason)}).",
      reason: reason
    )
  end

  defp unexpected(sentence), do: Error.new(:bug, "unexpected_answer", sentence, retryable: false)

  defp give_up(%{error: nil} = state) do
    sentence = "Job #{state.job_id} is not done yet; it continues."
    raise Error.new(:unavailable, "not_done_in_time", sentence, retry_after: 2)
  end

  defp give_up(state), do: raise(state.error)

  defp now, do: System.monotonic_time(:millisecond)
end
