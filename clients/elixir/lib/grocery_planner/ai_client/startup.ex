defmodule GroceryPlanner.AIClient.Startup do
  @moduledoc """
  Checks once, at the start of the app, whether the service is there, and logs what it found and what to
  do about it.

  Put it at the end of the supervision tree:

      children = [
        MyApp.Repo,
        {Oban, Application.fetch_env!(:my_app, Oban)},
        {GroceryPlanner.AIClient.Startup,
         required: Application.get_env(:my_app, :require_ai_service, false)}
      ]

  It delays nothing: the check runs beside the start, after `:delay` milliseconds (by default 2,000).
  With `required: true` an app whose service does not answer, refuses the app's token, or has no worker,
  is stopped with exit code 1. `:stop` is a function of one argument that does it in another way. The options of
  `GroceryPlanner.AIClient.health_check/1` are taken too.
  """

  use Task, restart: :temporary

  require Logger

  alias GroceryPlanner.AIClient
  alias GroceryPlanner.AIClient.{Config, Error, Health, Options}

  @start "Start the service, or correct AI_SERVICE_URL."
  @not_ours "Correct AI_SERVICE_URL, or repair the proxy between here and the service."

  # What refuses an app whatever it asks for. The probes need no token, so they do not say so.
  @remedies %{
    "unauthenticated" => "Set AI_SERVICE_TOKEN to a token of the service.",
    "forbidden" => "Set AI_SERVICE_TOKEN to a token that allows this.",
    "exposed_without_tokens" => "Set AUTH=tokens in the environment of the service."
  }
  @refusals Map.keys(@remedies)

  @doc false
  @spec start_link(keyword()) :: {:ok, pid()}
  def start_link(opts) do
    check!(opts)

    Task.start_link(fn ->
      Process.sleep(opts[:delay] || 2_000)
      validate(opts)
    end)
  end

  @doc """
  Checks the service now. Returns `:ok`, or what is wrong: a warning with the names of the checks that
  are not fine, or an error if the service does not answer, refuses work or this app, or has no worker.
  """
  @spec validate(keyword()) :: :ok | {:warning, [String.t()]} | {:error, term()}
  def validate(opts \\ []) do
    check!(opts)
    url = Config.shown_url(opts)

    case opts |> Keyword.drop([:delay, :required, :stop]) |> look() do
      {:error, %Error{code: code, detail: detail}} ->
        failed({:refused, code}, "#{url}: #{detail} #{@remedies[code]}", opts)

      {:ok, %{"status" => "ok"}} ->
        Logger.info("AI service connected: #{url}")
        :ok

      {:ok, body} ->
        judge(body, url, opts)

      {:error, {:unhealthy, status, %{"checks" => _} = body} = reason} ->
        failed(reason, "#{url} answers #{status}", opts)
        log_remedies(body)
        {:error, reason}

      {:error, {:unhealthy, status, _body} = reason} ->
        failed(reason, "#{url} answers #{status}. #{@not_ours}", opts)

      {:error, {:connection_failed, why} = reason} ->
        failed(reason, "#{url} does not answer (#{inspect(why)}). #{@start}", opts)
    end
  end

  defp look(opts) do
    with {:ok, _body} = seen <- AIClient.health_check(opts) do
      case AIClient.queues(opts) do
        {:error, %Error{code: code}} = refused when code in @refusals -> refused
        # What else is wrong is among the checks.
        _answered -> seen
      end
    end
  end

  defp check!(opts), do: Options.check!(opts, [:delay, :required, :stop])

  defp judge(body, url, opts) do
    if Health.worker?(body) do
      unwell = Health.unwell(body)
      Logger.warning("AI service #{body["status"]}: #{Enum.join(unwell, ", ")} (#{url})")
      log_remedies(body)
      {:warning, unwell}
    else
      failed(:no_worker, "#{url} has no worker, so no work gets done", opts)
      log_remedies(body)
      {:error, :no_worker}
    end
  end

  defp log_remedies(body) do
    for found <- Health.shortcomings(body) do
      Logger.warning("AI service: #{found.check}: #{found.wrong} #{found.remedy}")
    end
  end

  defp failed(reason, sentence, opts) do
    sentence = String.trim_trailing(sentence, ".")

    if opts[:required] do
      Logger.error("AI service unavailable (required): #{sentence}.")
      stop = opts[:stop] || (&System.stop/1)
      stop.(1)
    else
      Logger.warning("AI service unavailable: #{sentence}. AI features are disabled.")
    end

    {:error, reason}
  end
end
