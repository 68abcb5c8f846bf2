defmodule GroceryPlanner.AIClient.Health do
  @moduledoc """
  The health of an app that uses the service, for a controller:

      defmodule MyAppWeb.HealthController do
        use MyAppWeb, :controller

        def index(conn, _params) do
          {status, body} =
            GroceryPlanner.AIClient.Health.report(
              version: Application.spec(:my_app, :vsn),
              database: fn -> Ecto.Adapters.SQL.query(MyApp.Repo, "SELECT 1", []) end,
              oban: fn -> Oban.check_queue(queue: :ai_jobs) end
            )

          conn |> put_status(status) |> json(body)
        end
      end

  | what | status | HTTP |
  | --- | --- | --- |
  | the database fails | `"error"` | 503 |
  | the service fails or refuses work, a queue of it has no worker, or Oban fails | `"degraded"` | 503 |
  | everything else | `"ok"` | 200 |

  "Everything else" includes a service whose own status is `"degraded"` while all of its queues have
  workers: Redis is away (jobs are accepted and wait), or a component such as the OCR is missing or still
  loading. `services.ai_service` says so, with the service's checks in `details`.
  """

  alias GroceryPlanner.AIClient
  alias GroceryPlanner.AIClient.Options

  # Statuses of a check that need nobody's attention.
  @fine ~w(ok available not_loaded)

  # The words are those of the Python client.
  @remedies %{
    "database" => "Start Postgres or correct its DATABASE_URL; until then nothing is accepted.",
    "redis" => "Start Redis or correct its REDIS_URL; until then jobs are accepted and wait.",
    "queue" => "The queue is counted in the database: see the check `database`.",
    "workers" => "Start workers (python -m worker) that serve every queue; until then jobs wait."
  }
  @otherwise "Read the logs of the service and of its workers."
  @loading "Wait a few seconds: the workers are loading their components."

  # Milliseconds for all checks, which run at the same time.
  @patience 6_000

  @doc """
  Returns the HTTP status and the body of a health answer.

  Options: `:database` and `:oban` (functions without arguments; `{:error, reason}`, `:error`, `nil`,
  `false`, an exception, a throw, an exit or no answer within 6 s count as failed), `:version`, and those of
  `GroceryPlanner.AIClient.health_check/1`. Checks that are not given are left out.
  """
  @spec report(keyword()) :: {200 | 503, map()}
  def report(opts \\ []) do
    Options.check!(opts, [:database, :oban, :version])
    {own, opts} = Keyword.split(opts, [:database, :oban, :version])

    services =
      [
        database: own[:database] && fn -> checked(own[:database], &ignore/1) end,
        ai_service: fn -> ai_service(opts) end,
        oban: own[:oban] && fn -> checked(own[:oban], &%{queues: &1}) end
      ]
      |> Enum.filter(fn {_name, check} -> check end)
      |> together()

    status = overall(services)
    body = %{status: status, services: services}
    body = if own[:version], do: Map.put(body, :version, to_string(own[:version])), else: body
    {if(status == "ok", do: 200, else: 503), body}
  end

  @doc """
  Returns the state of the service: `:status` (`"ok"`, `"degraded"` or `"error"`), `:details` (its
  checks) and `:error`. A service that has a queue without a worker is an error, although it accepts
  work.
  """
  @spec ai_service(keyword()) :: %{
          required(:status) => String.t(),
          optional(:details) => map() | nil,
          optional(:error) => String.t()
        }
  def ai_service(opts \\ []) do
    case AIClient.health_check(opts) do
      {:ok, body} ->
        case unserved(body) do
          nil -> %{status: body["status"], details: body["checks"]}
          error -> %{status: "error", details: body["checks"], error: error}
        end

      {:error, {:unhealthy, status, body}} when is_map(body) ->
        %{status: "error", details: body["checks"], error: "the service answers #{status}"}

      {:error, reason} ->
        %{status: "error", error: inspect(reason)}
    end
  end

  defp unserved(body) do
    cond do
      not worker?(body) -> "no worker is alive"
      body["checks"]["workers"]["status"] == "degraded" -> "a queue has no worker"
      true -> nil
    end
  end

  @doc """
  Returns whether a worker is alive, according to the answer of
  `GroceryPlanner.AIClient.health_check/1`.
  """
  @spec worker?(map()) :: boolean()
  def worker?(%{"checks" => %{"workers" => workers}}) do
    workers["status"] != "error" and workers["alive"] != 0
  end

  def worker?(_body), do: false

  @doc """
  Returns the names of the checks that somebody should look at, in alphabetical order.
  """
  @spec unwell(map()) :: [String.t()]
  def unwell(%{"checks" => checks}) when is_map(checks) do
    # Tesseract matters only if it is chosen, and then the check of OCR is not fine either.
    for {name, %{"status" => status}} <- checks,
        name != "tesseract",
        status not in @fine,
        do: name
  end

  def unwell(_body), do: []

  @doc """
  Returns what is wrong according to the answer of `GroceryPlanner.AIClient.health_check/1`, and what to
  do about it, in the order of `unwell/1`.
  """
  @spec shortcomings(map()) :: [%{check: String.t(), wrong: String.t(), remedy: String.t()}]
  def shortcomings(body) do
    for name <- unwell(body), check = body["checks"][name] do
      %{check: name, wrong: wrong(check), remedy: remedy(name, check)}
    end
  end

  defp wrong(%{"error" => error}) when is_binary(error) and error != "", do: error
  defp wrong(check), do: "It is #{check["status"]}."

  defp remedy(_name, %{"status" => "loading"}), do: @loading
  defp remedy(name, _check), do: Map.get(@remedies, name, @otherwise)

  # Processes that are not linked, because a check may start others that crash, or exit by itself. The
  # report has to be given whatever a check does.
  defp together(checks) do
    callers = [self() | Process.get(:"$callers", [])]
    deadline = System.monotonic_time(:millisecond) + @patience

    running =
      for {name, check} <- checks do
        {pid, monitor} =
          spawn_monitor(fn ->
            Process.put(:"$callers", callers)
            exit({:checked, attempted(check)})
          end)

        {name, pid, monitor}
      end

    for {name, pid, monitor} <- running, into: %{} do
      {name, found(pid, monitor, max(deadline - System.monotonic_time(:millisecond), 0))}
    end
  end

  defp found(pid, monitor, patience) do
    receive do
      {:DOWN, ^monitor, :process, ^pid, {:checked, found}} -> found
      {:DOWN, ^monitor, :process, ^pid, reason} -> failed(reason)
    after
      patience ->
        Process.demonitor(monitor, [:flush])
        Process.exit(pid, :kill)
        %{status: "error", error: "no answer within #{@patience} ms"}
    end
  end

  defp attempted(check) do
    check.()
  rescue
    error -> %{status: "error", error: Exception.message(error)}
  catch
    _kind, reason -> failed(reason)
  end

  defp checked(check, more) do
    case check.() do
      nothing when nothing in [nil, false, :error] -> failed(nothing)
      error when is_tuple(error) and elem(error, 0) == :error -> failed(reason(error))
      {:ok, found} -> Map.merge(%{status: "ok"}, more.(found))
      found -> Map.merge(%{status: "ok"}, more.(found))
    end
  end

  defp reason({:error, reason}), do: reason
  defp reason(error), do: error

  defp failed(reason), do: %{status: "error", error: inspect(reason)}

  defp ignore(_found), do: %{}

  defp overall(services) do
    cond do
      match?(%{database: %{status: "error"}}, services) -> "error"
      Enum.any?(services, fn {_name, check} -> check.status == "error" end) -> "degraded"
      true -> "ok"
    end
  end
end
