defmodule GroceryPlanner.AIClient.Jobs do
  @moduledoc false
  # Jobs in the background: submitted, looked up, awaited, cancelled, retried.

  alias GroceryPlanner.AIClient.{Call, Context, Error, Key, Options, Work}

  @type result :: {:ok, map()} | {:error, Error.t()}

  @ended ~w(succeeded failed cancelled)
  # Seconds of one long poll; the service allows 30.
  @long_poll 25
  # Milliseconds that an answer may take beyond the time that it was asked to wait.
  @leeway 10_000
  # Milliseconds between two looks, even if the service names less.
  @shortest_pause 100

  @doc false
  @spec submit(String.t() | atom(), map(), map(), keyword()) :: result()
  def submit(feature, payload, context, opts) do
    Options.check!(opts, [:work, :wait])
    feature = to_string(feature)

    with {:ok, ids} <- Context.ids(context) do
      body = ids |> Work.common(opts) |> Map.merge(%{feature: feature, payload: payload})
      wait = opts[:wait] || 0
      key = Key.for_submission(opts, feature, payload)

      call = %Call{
        operation: :submit_job,
        method: :post,
        route: "/api/v1/jobs",
        body: body,
        headers:
          if(key, do: [{"idempotency-key", key}], else: []) ++
            if(wait > 0, do: [{"prefer", "wait=#{wait}"}], else: []),
        receive_timeout: wait * 1000 + 30_000,
        repeatable: true
      }

      object(call, opts)
    end
  end

  @doc false
  @spec get(String.t(), map(), keyword()) :: result()
  def get(job_id, context, opts) do
    Options.check!(opts, [:wait])
    wait = opts[:wait] || 0

    about(:get_job, :get, job_id, "", context, Keyword.delete(opts, :wait),
      query: [wait: if(wait > 0, do: wait)],
      receive_timeout: wait * 1000 + @leeway,
      repeatable: true
    )
  end

  @doc false
  @spec image(String.t(), map(), keyword()) ::
          {:ok, %{content: binary(), media_type: String.t()}} | {:error, Error.t()}
  def image(job_id, context, opts) do
    Options.check!(opts, [:page])

    with {:ok, ids} <- Context.ids(context),
         call = about_job(:get_image, :get, job_id, "/image", ids),
         call = %{call | query: [page: opts[:page]], binary: true, repeatable: true},
         call = %{
           call
           | headers: [{"accept", "image/*, application/problem+json"} | call.headers]
         },
         {:ok, answer} <- Call.run(call, opts) do
      case answer.headers["content-type"] do
        "image/" <> _kind = type -> {:ok, %{content: answer.body, media_type: type}}
        _other -> {:error, Call.unexpected(answer)}
      end
    end
  end

  @doc false
  @spec revive(map(), map(), keyword()) :: result()
  def revive(%{"status" => "failed", "error" => %{"retryable" => true}} = job, context, opts) do
    with {:error, %Error{code: "job_not_retryable"}} <-
           about(:retry_job, :post, job["id"], "/retry", context, opts) do
      # Somebody else was quicker.
      get(job["id"], context, opts)
    end
  end

  def revive(job, _context, opts) do
    Options.check!(opts, [])
    {:ok, job}
  end

  @doc false
  @spec list(map(), keyword()) :: result()
  def list(context, opts) do
    Options.check!(opts, [:status, :feature, :since, :cursor, :limit])

    with {:ok, ids} <- Context.ids(context) do
      call = %Call{
        operation: :list_jobs,
        method: :get,
        route: "/api/v1/jobs",
        query: [
          status: opts[:status],
          feature: opts[:feature],
          since: since(opts[:since]),
          cursor: opts[:cursor],
          limit: opts[:limit]
        ],
        headers: [{"x-tenant-id", ids.tenant_id}],
        repeatable: true
      }

      object(call, opts)
    end
  end

  defp since(%DateTime{} = time), do: DateTime.to_iso8601(time)
  defp since(text), do: text

  @doc false
  @spec about(atom(), :get | :post, String.t(), String.t(), map(), keyword(), keyword()) ::
          result()
  def about(operation, method, job_id, rest, context, opts, more \\ []) do
    Options.check!(opts, [])

    with {:ok, ids} <- Context.ids(context) do
      operation |> about_job(method, job_id, rest, ids) |> struct!(more) |> object(opts)
    end
  end

  defp about_job(operation, method, job_id, rest, ids) do
    %Call{
      operation: operation,
      method: method,
      route: "/api/v1/jobs/{job_id}" <> rest,
      path: "/api/v1/jobs/#{URI.encode(to_string(job_id), &URI.char_unreserved?/1)}" <> rest,
      headers: [{"x-tenant-id", ids.tenant_id}]
    }
  end

  @doc false
  @spec redeliver(String.t(), String.t(), map(), keyword()) :: result()
  def redeliver(job_id, delivery_id, context, opts) do
    Options.check!(opts, [])

    with {:ok, ids} <- Context.ids(context) do
      [job, delivery] =
        for id <- [job_id, delivery_id],
            do: URI.encode(to_string(id), &URI.char_unreserved?/1)

      call = %Call{
        operation: :redeliver_callback,
        method: :post,
        route: "/api/v1/jobs/{job_id}/callbacks/{delivery_id}/redeliver",
        path: "/api/v1/jobs/#{job}/callbacks/#{delivery}/redeliver",
        headers: [{"x-tenant-id", ids.tenant_id}]
      }

      object(call, opts)
    end
  end

  @doc false
  @spec object(Call.t(), keyword()) :: result()
  def object(call, opts) do
    with {:ok, answer} <- Call.run(call, opts) do
      if is_map(answer.body), do: {:ok, answer.body}, else: {:error, Call.unexpected(answer)}
    end
  end

  @doc false
  @spec await(String.t(), map(), keyword()) :: result()
  def await(job_id, context, opts) do
    Options.check!(opts, [:timeout, :wait])
    timeout = opts[:timeout] || 120_000
    look(job_id, context, opts, now() + timeout)
  end

  defp look(job_id, context, opts, deadline) do
    started = now()
    wait = max(min(@long_poll, div(deadline - started, 1000)), 0)
    opts = Keyword.drop(opts, [:wait, :timeout, :receive_timeout])

    case get(job_id, context, [wait: wait] ++ opts) do
      {:ok, %{"status" => status} = job} when status in @ended ->
        {:ok, job}

      {:ok, %{"status" => _alive}} ->
        # A long poll may end early, for example while the front shuts down.
        pause = max(1_000 - (now() - started), 0)
        again(job_id, context, opts, deadline, pause, not_done(job_id))

      {:ok, _no_job} ->
        {:error, Error.new(:bug, "unexpected_answer", "The answer is no job.", retryable: false)}

      {:error, %Error{retryable: true} = error} ->
        pause = max((error.retry_after || 1) * 1000, @shortest_pause)
        again(job_id, context, opts, deadline, pause, error)

      {:error, error} ->
        {:error, error}
    end
  end

  defp again(job_id, context, opts, deadline, pause, error) do
    case deadline - now() do
      left when left > 0 ->
        # A pause that is longer than what is left ends with a last look.
        Process.sleep(min(pause, left))
        look(job_id, context, opts, deadline)

      _over ->
        {:error, error}
    end
  end

  defp not_done(job_id) do
    Error.new(:unavailable, "not_done_in_time", "Job #{job_id} is not done yet; it continues.",
      retry_after: 2
    )
  end

  defp now, do: System.monotonic_time(:millisecond)
end
