defmodule GroceryPlanner.AIClient.Fake do
  @moduledoc """
  A transport for the app's own tests: it sends nothing and answers what the test says.

      # config/test.exs
      config :grocery_planner_ai, transport: GroceryPlanner.AIClient.Fake

      # a test
      alias GroceryPlanner.AIClient.Fake

      test "a new item gets its category" do
        Fake.answer(fn %{path: "/api/v1/categorize", body: body} ->
          Fake.category(hd(body["payload"]["candidate_labels"]), 0.93)
        end)

        …
        assert_received {Fake, %{path: "/api/v1/categorize"}}
      end

  Everything but the network is real: the request was encoded, and the answer is decoded and turned
  into a result as any other. The answer belongs to the process that gave it and to those that it
  started by `Task` or that have it among their `$callers` (LiveView in tests, `Oban.Testing`), so tests
  may be `async: true`. For other processes, call `share/0` in a test that is not.

  What the function gets is `%{method: :post, path: path, query: map, headers: map, body: map}`, with
  `body` decoded. It returns `{status, body}`, `{status, body, headers}`, or `{:error, reason}`
  (such as `:closed`, `:timeout` or `{:not_connected, :econnrefused}`) for a request without an answer.
  """

  @behaviour GroceryPlanner.AIClient.Transport

  alias GroceryPlanner.AIClient.{Codec, Key}

  @type request :: %{
          method: :get | :post | :delete,
          path: String.t(),
          query: map(),
          headers: map(),
          body: term()
        }
  @type answer :: {pos_integer(), term()} | {pos_integer(), term(), map()} | {:error, term()}

  @doc """
  Says what is answered to this process and those that it starts, until it says something else.
  """
  @spec answer((request() -> answer())) :: :ok
  def answer(function) when is_function(function, 1) do
    Process.put(__MODULE__, function)
    :ok
  end

  @doc """
  Has every process of the node get this process's answers, until it ends.
  """
  @spec share() :: :ok
  def share, do: Application.put_env(:grocery_planner_ai, :fake_owner, self())

  @doc """
  An envelope with a payload, as waiting calls answer.
  """
  @spec success(map()) :: answer()
  def success(payload) do
    metadata = %{
      job_id: Key.uuid(),
      trace_id: nil,
      model_id: "fake",
      model_version: "1",
      latency_ms: 1.0,
      finished_at: now(),
      replayed: false
    }

    {200, %{request_id: nil, status: "success", payload: payload, error: nil, metadata: metadata}}
  end

  @doc """
  The answer of `GroceryPlanner.AIClient.categorize/4`.
  """
  @spec category(String.t(), float()) :: answer()
  def category(label, confidence \\ 0.9) do
    success(%{
      category: label,
      confidence: confidence,
      confidence_level: level(confidence),
      all_scores: %{label => confidence},
      processing_time_ms: 1.0
    })
  end

  @doc """
  A job. `fields` replace those of a queued one.
  """
  @spec job(map()) :: answer()
  def job(fields \\ %{}) do
    job = %{
      id: Key.uuid(),
      tenant_id: "fake",
      user_id: nil,
      request_id: nil,
      feature: "categorization",
      status: "queued",
      priority: 0,
      dispatch: "published",
      input_payload: %{},
      output_payload: nil,
      error: nil,
      attempts: [],
      model_id: nil,
      model_version: nil,
      created_at: now(),
      started_at: nil,
      finished_at: nil,
      latency_ms: nil,
      trace_id: nil
    }

    {200, Map.merge(job, fields)}
  end

  @doc """
  The answer of `GroceryPlanner.AIClient.submit_batch/3`, from what each entry alone would be answered:

      Fake.batch([Fake.job(), Fake.problem(503, "queue_full", "unavailable", retry_after: 5)])
  """
  @spec batch([answer()]) :: answer()
  def batch(answers) do
    results =
      for {answer, index} <- Enum.with_index(answers) do
        Map.merge(%{index: index, job: nil, error: nil, replayed: false}, entry(answer))
      end

    {200, %{results: results}}
  end

  defp entry({_status, job}), do: %{job: job}

  defp entry({_status, problem, headers}) do
    error = %{
      code: problem.error,
      error_class: problem.error_class,
      detail: problem.detail,
      retryable: problem.retryable,
      retry_after:
        with(text when text != nil <- headers["retry-after"], do: String.to_integer(text))
    }

    %{error: error}
  end

  @doc """
  The answer of `GroceryPlanner.AIClient.get_jobs/3` and `list_jobs/2`, from the answers of `job/1`.
  """
  @spec jobs([answer()], [String.t()]) :: answer()
  def jobs(answers, missing \\ []) do
    jobs = for {200, job} <- answers, do: job
    {200, %{jobs: jobs, next_cursor: nil, missing: missing, unreadable: []}}
  end

  @doc """
  A refusal or failure, such as `problem(503, "no_worker", "unavailable", retry_after: 5)`.
  """
  @spec problem(pos_integer(), String.t(), String.t(), keyword()) :: answer()
  def problem(status, code, error_class, opts \\ []) do
    problem = %{
      type: "urn:grocery-planner-ai:problem:#{code}",
      title: "Fake",
      status: status,
      detail: opts[:detail] || "A fake answers #{code}.",
      instance: "/",
      error: code,
      error_class: error_class,
      retryable: error_class not in ["bad_input", "cancelled"],
      request_id: nil,
      trace_id: opts[:trace_id],
      fields: opts[:fields]
    }

    headers = if opts[:retry_after], do: %{"retry-after" => "#{opts[:retry_after]}"}, else: %{}
    {status, problem, headers}
  end

  @doc """
  A stream of events that ends after them, as `GroceryPlanner.AIClient.stream_events/3` reads it:

      Fake.events(job: %{status: "running"}, stage: %{stage: "ocr.recognise"}, job: %{status: "succeeded"})

  If the last is no event of a job that has ended, the client connects again after a second.
  """
  @spec events(keyword(map())) :: answer()
  def events(events) do
    id = Key.uuid()

    lines =
      for {{kind, fields}, number} <- Enum.with_index(events, 1) do
        {:ok, data} = kind |> event(id) |> Map.merge(fields) |> Codec.encode()
        id_line = if kind == :job, do: "id: 1.#{number}.0\n", else: ""
        "#{id_line}event: #{kind}\ndata: #{data}\n\n"
      end

    {200, Enum.join(lines), %{"content-type" => "text/event-stream"}}
  end

  defp event(:job, id) do
    %{
      job_id: id,
      status: "queued",
      attempt: 1,
      error: nil,
      created_at: now(),
      started_at: nil,
      finished_at: nil
    }
  end

  defp event(:stage, id) do
    %{job_id: id, attempt: 1, stage: "fake", at: now(), pages_read: nil, pages: nil}
  end

  @impl GroceryPlanner.AIClient.Transport
  def stream(request, receiver) do
    case __MODULE__.send(request) do
      {:ok, %{status: 200} = answer} ->
        receiver.(answer.body)
        {:ok, %{answer | body: ""}}

      answered ->
        answered
    end
  end

  @impl GroceryPlanner.AIClient.Transport
  def send(request) do
    {owner, function} = find() || raise "no answer was given to GroceryPlanner.AIClient.Fake"
    seen = seen(request)
    Kernel.send(owner, {__MODULE__, seen})

    case function.(seen) do
      {:error, reason} -> {:error, reason}
      {status, body} -> encoded(status, body, %{})
      {status, body, headers} -> encoded(status, body, headers)
    end
  end

  defp seen(request) do
    uri = URI.parse(request.url)
    {:ok, body} = if request.body, do: Codec.decode(request.body), else: {:ok, nil}

    %{
      method: request.method,
      path: uri.path,
      query: URI.decode_query(uri.query || ""),
      headers: Map.new(request.headers),
      body: body
    }
  end

  defp encoded(status, body, headers) when is_binary(body) do
    headers =
      Map.new(headers, fn {name, value} ->
        {name |> to_string() |> String.downcase(), to_string(value)}
      end)

    {:ok, %{status: status, headers: headers, body: body}}
  end

  defp encoded(status, body, headers) do
    {:ok, text} = Codec.encode(body)
    encoded(status, text, headers)
  end

  defp find do
    shared = Application.get_env(:grocery_planner_ai, :fake_owner)

    candidates =
      [self() | Process.get(:"$callers", [])] ++ Process.get(:"$ancestors", []) ++ [shared]

    Enum.find_value(candidates, &given_by/1)
  end

  # The process dictionary of another process can be read as long as it lives on this node.
  defp given_by(pid) when is_pid(pid) and node(pid) == node() do
    with {:dictionary, dictionary} <- Process.info(pid, :dictionary),
         {__MODULE__, function} <- List.keyfind(dictionary, __MODULE__, 0),
         do: {pid, function},
         else: (_nothing -> nil)
  end

  defp given_by(name) when is_atom(name) and name != nil,
    do: name |> Process.whereis() |> given_by()

  defp given_by(_other), do: nil

  defp level(confidence) when confidence >= 0.8, do: "high"
  defp level(confidence) when confidence >= 0.5, do: "medium"
  defp level(_confidence), do: "low"

  defp now, do: DateTime.utc_now() |> DateTime.to_iso8601()
end
