defmodule GroceryPlanner.AIClient.Many do
  @moduledoc false
  # Many jobs in one request: submitted, or looked up.

  alias GroceryPlanner.AIClient.{Call, Context, Error, Jobs, Key, Options, Work}

  # Milliseconds that an answer may take beyond the time that it was asked to wait.
  @leeway 10_000

  @doc false
  @spec submit([map()], map(), keyword()) :: {:ok, [Jobs.result()]} | {:error, Error.t()}
  def submit(entries, context, opts) do
    Options.check!(opts, [:oban_job, :idempotency_key])

    with {:ok, ids} <- Context.ids(context),
         {:ok, answer} <- entries |> call(ids, opts) |> Call.run(opts) do
      case answer.body do
        %{"results" => results} when length(results) == length(entries) ->
          {:ok, Enum.map(results, &result/1)}

        _other ->
          {:error, Call.unexpected(answer)}
      end
    end
  end

  defp call(entries, ids, opts) do
    key = opts[:idempotency_key]

    %Call{
      operation: :submit_batch,
      method: :post,
      route: "/api/v1/jobs/batch",
      body: ids |> Work.common([]) |> Map.put(:jobs, Enum.map(entries, &entry(&1, opts))),
      # The service makes of it a key for each entry that has none.
      headers: if(key, do: [{"idempotency-key", to_string(key)}], else: []),
      receive_timeout: 60_000,
      repeatable: true
    }
  end

  defp entry(entry, opts) do
    fields = for {name, value} <- entry, value != nil, into: %{}, do: {to_string(name), value}

    fields
    |> Map.merge(with_name("callback", Work.callback(fields["callback"])))
    |> Map.merge(with_name("idempotency_key", key(fields, opts)))
  end

  defp with_name(_name, nil), do: %{}
  defp with_name(name, value), do: %{name => value}

  defp key(%{"idempotency_key" => key}, _opts), do: to_string(key)

  defp key(fields, opts) do
    if is_nil(opts[:idempotency_key]) do
      own = [request_id: fields["request_id"], oban_job: opts[:oban_job]]
      Key.for_submission(own, to_string(fields["feature"]), fields["payload"])
    end
  end

  defp result(%{"job" => job}) when is_map(job), do: {:ok, job}
  defp result(%{"error" => error}) when is_map(error), do: {:error, Error.from_entry(error)}

  defp result(_neither) do
    sentence = "An entry of the answer has neither a job nor an error."
    {:error, Error.new(:bug, "unexpected_answer", sentence, retryable: false)}
  end

  @doc false
  @spec get([String.t()], map(), keyword()) :: Jobs.result()
  def get(job_ids, context, opts) do
    Options.check!(opts, [:wait])
    read(job_ids, context, opts)
  end

  # The service refuses a call without any id.
  defp read([], _context, _opts) do
    {:ok, %{"jobs" => [], "missing" => [], "unreadable" => [], "next_cursor" => nil}}
  end

  defp read(job_ids, context, opts) do
    wait = opts[:wait] || 0

    with {:ok, ids} <- Context.ids(context) do
      call = %Call{
        operation: :get_jobs,
        method: :get,
        route: "/api/v1/jobs",
        query: [ids: Enum.join(job_ids, ","), wait: if(wait > 0, do: wait)],
        headers: [{"x-tenant-id", ids.tenant_id}],
        receive_timeout: wait * 1000 + @leeway,
        repeatable: true
      }

      Jobs.object(call, opts)
    end
  end
end
