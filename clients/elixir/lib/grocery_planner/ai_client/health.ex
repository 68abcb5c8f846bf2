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

  The answer is 200 only if all is well. Without the database the status is `"error"`; without the
  service, without a worker of it, or with Oban failing, it is `"degraded"`.
  """

  alias GroceryPlanner.AIClient

  # Statuses of a check that need nobody's attention.
  @fine ~w(ok available not_loaded)

  # Milliseconds for all checks, which run at the same time.
  @patience 6_000

  @doc """
  Returns the HTTP status and the body of a health answer.

  Options: `:database` and `:oban` (functions without arguments; `{:error, reason}`, an exception or no
  answer within 6 s count as failed), `:version`, and those of
  `GroceryPlanner.AIClient.health_check/1`. Checks that are not given are left out.
  """
  @spec report(keyword()) :: {200 | 503, map()}
  def report(opts \\ []) do
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
  checks) and `:error`. A service without a worker is an error, although it accepts work.
  """
  @spec ai_service(keyword()) :: %{
          required(:status) => String.t(),
          optional(:details) => map() | nil,
          optional(:error) => String.t()
        }
  def ai_service(opts \\ []) do
    case AIClient.health_check(opts) do
      {:ok, body} ->
        if worker?(body) do
          %{status: body["status"], details: body["checks"]}
        else
          %{status: "error", details: body["checks"], error: "no worker is alive"}
        end

      {:error, {:unhealthy, status, body}} when is_map(body) ->
        %{status: "error", details: body["checks"], error: "the service answers #{status}"}

      {:error, reason} ->
        %{status: "error", error: inspect(reason)}
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

  defp together(checks) do
    tasks = for {name, check} <- checks, do: {name, Task.async(check)}
    answers = tasks |> Enum.map(&elem(&1, 1)) |> Task.yield_many(@patience)

    for {{name, _task}, {task, answer}} <- Enum.zip(tasks, answers), into: %{} do
      case answer || Task.shutdown(task, :brutal_kill) do
        {:ok, found} -> {name, found}
        _late -> {name, %{status: "error", error: "no answer within #{@patience} ms"}}
      end
    end
  end

  # A probe has to answer, whatever a check does.
  defp checked(check, more) do
    case check.() do
      {:error, reason} -> %{status: "error", error: inspect(reason)}
      {:ok, found} -> Map.merge(%{status: "ok"}, more.(found))
      found -> Map.merge(%{status: "ok"}, more.(found))
    end
  rescue
    error -> %{status: "error", error: Exception.message(error)}
  catch
    :exit, reason -> %{status: "error", error: inspect(reason)}
  end

  defp ignore(_found), do: %{}

  defp overall(services) do
    cond do
      match?(%{database: %{status: "error"}}, services) -> "error"
      Enum.any?(services, fn {_name, check} -> check.status == "error" end) -> "degraded"
      true -> "ok"
    end
  end
end
