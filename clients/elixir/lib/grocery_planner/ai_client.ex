defmodule GroceryPlanner.AIClient do
  @moduledoc """
  Client of the grocery planner's AI service.

      context = %{tenant_id: account.id, user_id: user.id}

      {:ok, result} =
        GroceryPlanner.AIClient.categorize("Organic Bananas", ["Produce", "Dairy"], context)

      result["category"]
      #=> "Produce"

  Every function but `stream_events/3`, `submit_batch/3` and `get_image/3` returns `{:ok, map}`, whose keys are strings as on the wire, or
  `{:error, %GroceryPlanner.AIClient.Error{}}`. `oban_result/1` makes of both what an Oban worker
  returns. `GroceryPlanner.AIClient.Contracts` checks the maps.

  ## Options of every call

  | option | meaning |
  | --- | --- |
  | `:receive_timeout` | milliseconds for the answer |
  | `:retry` | `false`: do not repeat the request when a connection was closed under it |
  | `:traceparent` | the trace to join; by default the one of OpenTelemetry's current span |
  | `:headers` | more headers, as `{name, value}` |

  and those of `GroceryPlanner.AIClient.Config`. An option that a function does not take is an
  `ArgumentError`.

  ## Options of calls that make work

  | option | meaning |
  | --- | --- |
  | `:request_id` | an id of your own; it is in the answer, the logs and the list of jobs |
  | `:oban_job` | the Oban job that makes the call; see `submit_job/4` |
  | `:idempotency_key` | the key itself; the same key always gets the same job |
  | `:priority` | 0 to 9, the highest first |
  | `:fresh` | `true`: do the work again even if the same was done in the last hour |
  | `:metadata` | a map of your own, which the service ignores |
  | `:callback` | where to send the end of the job; see `submit_job/4` |

  `categorize`, `categorize_batch` and `extract_receipt` also take `envelope: true`, and return the whole
  answer then, with `"metadata"` beside `"payload"`.
  """

  alias GroceryPlanner.AIClient.{
    Call,
    Callbacks,
    Error,
    Events,
    Jobs,
    Many,
    ObanResult,
    Options,
    Probes,
    Receipts,
    Work
  }

  @type context :: GroceryPlanner.AIClient.Context.t() | map()
  @type result :: {:ok, map()} | {:error, Error.t()}
  @type id :: String.t()

  @doc """
  Returns the best label for an item: `"category"`, `"confidence"` (0 to 1), `"confidence_level"`,
  `"all_scores"`. The keys are those of `Contracts.CategorizationResponse`.
  """
  @spec categorize(String.t(), [String.t()], context(), keyword()) :: result()
  def categorize(item_name, candidate_labels, context, opts \\ []) do
    Options.check!(opts, [:work, :envelope])
    payload = %{item_name: item_name, candidate_labels: candidate_labels}
    Work.enveloped(:categorize, "/api/v1/categorize", "categorization", payload, context, opts)
  end

  @doc """
  Does the same as `categorize/4`, under its other name.
  """
  @spec categorize_item(String.t(), [String.t()], context(), keyword()) :: result()
  def categorize_item(item_name, candidate_labels, context, opts \\ []) do
    categorize(item_name, candidate_labels, context, opts)
  end

  @doc """
  Returns the best label of each of up to 50 items, in `"predictions"`.

  Items are names, or maps with `:id` and `:name`; the id of a bare name is its index. An item that
  cannot be categorised is in `"errors"`, with its `"index"` and `"id"`, and refuses no other.
  """
  @spec categorize_batch([String.t() | map()], [String.t()], context(), keyword()) :: result()
  def categorize_batch(items, candidate_labels, context, opts \\ []) do
    Options.check!(opts, [:work, :envelope])
    payload = %{items: with_ids(items, :name), candidate_labels: candidate_labels}
    route = "/api/v1/categorize-batch"
    Work.enveloped(:categorize_batch, route, "categorization_batch", payload, context, opts)
  end

  @doc """
  Reads a receipt and returns it in the flat shape: `"items"`, `"total"`, `"merchant"`, `"date"` …

  The image is a JPEG, PNG, WebP, HEIC or PDF of up to 10 MB: base64 text, `{:binary, bytes}` or
  `{:file, path}`. `"price"` and `"line_total"` of an item are for the line, `"unit_price"` is for one
  unit.

  More options: `:default_currency` (such as `"EUR"`, for receipts that print none), `:country`
  (`"DE"`) and `:locale` (`"de-DE"`) as hints for dates and decimals.
  """
  @spec extract_receipt(Receipts.image(), context(), keyword()) :: result()
  defdelegate extract_receipt(image, context, opts \\ []), to: Receipts, as: :flat

  @doc """
  Reads a receipt and returns it in the rich shape, under `"extraction"`.

  It takes what `extract_receipt/3` takes, but for `:envelope`. With `:candidate_labels`, each line item
  gets the best of them as its `"category"`.
  """
  @spec extract_rich_receipt(Receipts.image(), context(), keyword()) :: result()
  defdelegate extract_rich_receipt(image, context, opts \\ []), to: Receipts, as: :rich

  @doc """
  Returns the vector of a text: `"embeddings"` has one element, with the `"id"` `"1"`.
  """
  @spec generate_embedding(String.t(), context(), keyword()) :: result()
  def generate_embedding(text, context, opts \\ []) do
    generate_embeddings([%{id: "1", text: text}], context, opts)
  end

  @doc """
  Returns a unit vector for each of up to 256 texts: `"model"`, `"dimension"`, `"embeddings"`.

  Texts are strings, or maps with `:id` and `:text`; the id of a bare string is its index. A text that
  cannot be embedded is in `"errors"`, and refuses no other.
  """
  @spec generate_embeddings([String.t() | map()], context(), keyword()) :: result()
  def generate_embeddings(texts, context, opts \\ []) do
    Options.check!(opts, [:work])
    payload = %{texts: with_ids(texts, :text)}
    Work.flat(:generate_embeddings, "/api/v1/embed", "embedding", payload, context, opts)
  end

  @doc """
  Does the same as `generate_embeddings/3`, and takes `:batch_size` (1 to 256, by default 32): how
  many texts the model takes at a time.
  """
  @spec generate_embeddings_batch([String.t() | map()], context(), keyword()) :: result()
  def generate_embeddings_batch(texts, context, opts \\ []) do
    Options.check!(opts, [:work, :batch_size])
    payload = %{texts: with_ids(texts, :text), batch_size: opts[:batch_size] || 32}

    Work.flat(
      :generate_embeddings_batch,
      "/api/v1/embed/batch",
      "embedding",
      payload,
      context,
      opts
    )
  end

  @doc """
  Submits a job, and returns it as soon as it is stored.

  `feature` is `"receipt_extraction"`, `"categorization"`, `"categorization_batch"` or `"embedding"`,
  and the payload that of the waiting call of that name; for a receipt
  `%{image_base64: text, options: %{…}}`.

  Every submission has an idempotency key, so repeating it makes no second job. With `oban_job: job` the
  key is made from the Oban job, and all its attempts find one job; `GroceryPlanner.AIClient.ObanResult`
  says what to do if that one has failed. Without it, or a `:request_id`, the key is random.

  More options: `:wait` (up to 30 seconds: return the finished job if it ends in time) and `:callback`
  (a URL, or `%{url: url, events: ["job.failed"], include_output: true}`).
  """
  @spec submit_job(String.t() | atom(), map(), context(), keyword()) :: result()
  defdelegate submit_job(feature, payload, context, opts \\ []), to: Jobs, as: :submit

  @doc """
  Submits up to 500 jobs at once, and returns what became of each entry, in their order.

      entries =
        for name <- ["Milk", "Bread"] do
          %{feature: "categorization", payload: %{item_name: name, candidate_labels: labels}}
        end

      {:ok, results} = AIClient.submit_batch(entries, context)

      for {entry, {:error, error}} <- Enum.zip(entries, results), do: report(entry, error)
      ids = for {:ok, job} <- results, do: job["id"]
      {:ok, %{"jobs" => jobs}} = AIClient.get_jobs(ids, context, wait: 25)

  An entry is a map with `:feature` and `:payload`, as `submit_job/4` takes them, and perhaps
  `:request_id`, `:idempotency_key`, `:priority`, `:metadata`, `:callback`, `:tenant_id` and
  `:user_id`; keys may be strings. Receipts are submitted one by one, since they have images.

  The result of an entry is `{:ok, job}` or `{:error, %GroceryPlanner.AIClient.Error{}}`. A bad entry
  refuses none of the others, and neither does one for which its queue has no room: its error is
  `queue_full` then, with `retry_after`. The whole is `{:error, error}` only if nothing was submitted, or
  if there was no answer; repeating it with the same keys makes no second job.

  Every entry has a key. With `oban_job: job` it is made from the Oban job and the entry, so that all
  attempts of the Oban job find the same jobs, and equal entries are one job. With
  `idempotency_key: "import-7"` the entry at index 3 has the key `import-7:3`. Without either, and
  without a `:request_id`, it is random.
  """
  @spec submit_batch([map()], context(), keyword()) :: {:ok, [result()]} | {:error, Error.t()}
  defdelegate submit_batch(entries, context, opts \\ []), to: Many, as: :submit

  @doc """
  Returns up to 100 jobs: `"jobs"`, in the order of the ids, and `"missing"`, the ids of no job of the
  tenant. With `wait: seconds` (up to 30) as soon as all have ended, or after that time.
  """
  @spec get_jobs([id()], context(), keyword()) :: result()
  defdelegate get_jobs(job_ids, context, opts \\ []), to: Many, as: :get

  @doc """
  Returns a job. With `wait: seconds` (up to 30) as soon as it has ended, or after that time.
  """
  @spec get_job(id(), context(), keyword()) :: result()
  defdelegate get_job(job_id, context, opts \\ []), to: Jobs, as: :get

  @doc """
  Waits until a job has ended, however it ended, and returns it. `job_result/1` makes of it a result.

  It asks with long polls of 25 s, and goes on through hiccups of the service or the network. After
  `:timeout` milliseconds, by default 120,000, it gives up with the last error, or with
  `not_done_in_time`; the job itself continues.
  """
  @spec await_job(id(), context(), keyword()) :: result()
  defdelegate await_job(job_id, context, opts \\ []), to: Jobs, as: :await

  @doc """
  Returns the image of a receipt as its boxes are drawn on it: upright, as JPEG, PNG or WebP.

  Options: `:page` of a PDF, from 1. The errors are `image_not_found`, and `image_deleted` after the time
  for which the service keeps images.
  """
  @spec get_image(id(), context(), keyword()) ::
          {:ok, %{content: binary(), media_type: String.t()}}
          | {:error, GroceryPlanner.AIClient.Error.t()}
  defdelegate get_image(job_id, context, opts \\ []), to: Jobs, as: :image

  @doc """
  Cancels a job that waits or runs. The error of one that has ended is `job_not_cancellable`.
  """
  @spec cancel_job(id(), context(), keyword()) :: result()
  def cancel_job(job_id, context, opts \\ []) do
    Jobs.about(:cancel_job, :post, job_id, "/cancel", context, opts)
  end

  @doc """
  Has a failed or cancelled job wait again, with new budgets. The error of any other is
  `job_not_retryable`.
  """
  @spec retry_job(id(), context(), keyword()) :: result()
  def retry_job(job_id, context, opts \\ []) do
    Jobs.about(:retry_job, :post, job_id, "/retry", context, opts)
  end

  @doc """
  Has a job run again if it failed for a reason that may have passed, and returns it.

  Any other job is returned as it is. All attempts of an Oban job find the same job of the service, so
  this belongs between `submit_job/4` and `await_job/3`:

      with {:ok, job} <- AIClient.submit_job("receipt_extraction", payload, context, oban_job: oban_job),
           {:ok, job} <- AIClient.revive(job, context),
           {:ok, job} <- AIClient.await_job(job["id"], context),
           do: AIClient.job_result(job)
  """
  @spec revive(map(), context(), keyword()) :: result()
  defdelegate revive(job, context, opts \\ []), to: Jobs

  @doc """
  Returns a stream of the events of a job, which ends with the job.

      job["id"]
      |> AIClient.stream_events(context)
      |> Enum.each(fn
        {:job, %{"status" => status}} -> show(status)
        {:stage, %{"stage" => stage}} -> show(stage)
      end)

  `{:job, data}` is the state of the job, as in `Contracts.JobEvent`: the current one first, then each
  change. `{:stage, data}` is a stage of the running attempt, as in `Contracts.StageEvent`. The result is
  in no event: ask `get_job/3` for it.

  Nothing is sent before the stream is enumerated. A connection that ends before the job does is
  opened again, and no state comes twice. The enumeration blocks its process, so a LiveView leaves it to
  a task. It raises a `GroceryPlanner.AIClient.Error`: `not_done_in_time` (or the last error) after
  `:timeout` milliseconds, by default 600,000, and at once what will not pass, such as `job_not_found`.
  """
  @spec stream_events(id(), context(), keyword()) :: Enumerable.t()
  defdelegate stream_events(job_id, context, opts \\ []), to: Events, as: :stream

  @doc """
  Returns the tenant's jobs, newest first: `"jobs"` and `"next_cursor"`.

  Options: `:status`, `:feature`, `:since` (a `DateTime`), `:limit` (up to 100), `:cursor`.
  """
  @spec list_jobs(context(), keyword()) :: result()
  defdelegate list_jobs(context, opts \\ []), to: Jobs, as: :list

  @doc """
  Returns the callbacks of a job and their deliveries.
  """
  @spec list_callbacks(id(), context(), keyword()) :: result()
  def list_callbacks(job_id, context, opts \\ []) do
    Jobs.about(:list_callbacks, :get, job_id, "/callbacks", context, opts, repeatable: true)
  end

  @doc """
  Has a delivery of a callback sent once more.
  """
  @spec redeliver_callback(id(), id(), context(), keyword()) :: result()
  defdelegate redeliver_callback(job_id, delivery_id, context, opts \\ []),
    to: Jobs,
    as: :redeliver

  @doc """
  Returns the queues: how much waits in each, its workers, and whether it accepts work.
  """
  @spec queues(keyword()) :: result()
  def queues(opts \\ []) do
    Options.check!(opts, [])
    call = %Call{operation: :queues, method: :get, route: "/api/v1/queues", repeatable: true}
    Jobs.object(call, opts)
  end

  @doc """
  Has workers take no more jobs of a queue, within two seconds. For operators.

  Returns the queue. Jobs that run go on, and new ones are accepted and wait.
  """
  @spec pause_queue(String.t(), keyword()) :: result()
  def pause_queue(queue, opts \\ []) do
    call = %Call{operation: :pause_queue, method: :post, route: "/api/v1/queues/{queue}/pause"}
    change_queue(call, queue, opts)
  end

  @doc """
  Has workers take jobs of a queue again. Returns the queue. For operators.
  """
  @spec resume_queue(String.t(), keyword()) :: result()
  def resume_queue(queue, opts \\ []) do
    call = %Call{operation: :resume_queue, method: :post, route: "/api/v1/queues/{queue}/resume"}
    change_queue(call, queue, opts)
  end

  defp change_queue(call, queue, opts) do
    Options.check!(opts, [])
    name = URI.encode(queue, &URI.char_unreserved?/1)
    path = String.replace(call.route, "{queue}", name)
    Jobs.object(%{call | path: path, repeatable: true}, opts)
  end

  @doc """
  Deletes everything that the service stores for a tenant, for good, and returns how much that was.

  Live jobs are cancelled first, and jobs that are submitted meanwhile stay. For operators.
  """
  @spec delete_tenant_data(String.t(), keyword()) :: result()
  def delete_tenant_data(tenant_id, opts \\ []) do
    Options.check!(opts, [])
    name = URI.encode(tenant_id, &URI.char_unreserved?/1)

    call = %Call{
      operation: :delete_tenant_data,
      method: :delete,
      route: "/api/v1/tenants/{tenant_id}/data",
      path: "/api/v1/tenants/#{name}/data",
      receive_timeout: 60_000,
      repeatable: true
    }

    Jobs.object(call, opts)
  end

  @doc """
  Asks whether the service accepts work. Never repeated, and answered within 5 s.

  The errors are `{:unhealthy, status, body}` if the service says no, and
  `{:connection_failed, reason}` if it does not answer. A service without a worker accepts work too,
  so look at the body's `"status"`, or use `GroceryPlanner.AIClient.Health`.
  """
  @spec health_check(keyword()) ::
          {:ok, map()}
          | {:error, {:unhealthy, pos_integer(), term()} | {:connection_failed, term()}}
  defdelegate health_check(opts \\ []), to: Probes, as: :ready

  @doc """
  Asks whether work gets done, as `health_check/1` does: an error also if no worker is there.
  """
  @spec service_health(keyword()) ::
          {:ok, map()}
          | {:error, {:unhealthy, pos_integer(), term()} | {:connection_failed, term()}}
  defdelegate service_health(opts \\ []), to: Probes, as: :composite

  @doc """
  Returns the result of an ended job: its `"output_payload"`, or why it has none.
  """
  @spec job_result(map()) :: result()
  defdelegate job_result(job), to: ObanResult

  @doc """
  Turns a result into what an Oban worker returns.

  See `GroceryPlanner.AIClient.ObanResult`.
  """
  @spec oban_result(ObanResult.given()) :: ObanResult.t()
  defdelegate oban_result(result), to: ObanResult

  @doc """
  Checks the signature of a callback and returns its event.

  See `GroceryPlanner.AIClient.Callbacks.verify/4`.
  """
  @spec verify_callback(Callbacks.headers(), binary() | nil, [String.t()], keyword()) ::
          {:ok, map()} | {:error, Callbacks.refusal()}
  defdelegate verify_callback(headers, body, secrets, opts \\ []), to: Callbacks, as: :verify

  defp with_ids(entries, key) when is_list(entries) do
    entries
    |> Enum.with_index()
    |> Enum.map(fn
      {text, index} when is_binary(text) -> %{:id => index, key => text}
      {entry, _index} -> entry
    end)
  end

  defp with_ids(other, _key), do: other
end
