defmodule GroceryPlanner.AIClient.Config do
  @moduledoc """
  Reads what the app configured, each time it is needed.

      config :grocery_planner_ai,
        base_url: "http://ai.internal:8000",
        transport: :auto

  | key | default | meaning |
  | --- | --- | --- |
  | `:base_url` | `AI_SERVICE_URL`, or `http://localhost:8000` | where the service is |
  | `:token` | `AI_SERVICE_TOKEN` | the token of the app, if the service wants one; `nil` sends none |
  | `:transport` | `:auto` | `:httpc`, `:req`, or a module; `:auto` is Req where the app has it |
  | `:json` | `:auto` | `JSON`, `:json`, `Jason` or `:jiffy`; `:auto` is the first that is there |
  | `:headers` | `[]` | headers of every request, as `{name, value}`; a call adds its own |
  | `:receive_timeout` | `70_000` | milliseconds for the answer of a waiting call |
  | `:connect_timeout` | `5_000` | milliseconds for a new connection |
  | `:pool_size` | `50` | connections that are kept open |
  | `:ssl` | the system's certificates | options for `:ssl`, of `:httpc` only |
  | `:req_options` | `[]` | options for `Req.new/1`, of Req only |

  Options of a call with the same name take precedence, but for `:headers`, and for `:json` and
  `:pool_size`, which belong to the app.

  A token is read for each request, so `Application.put_env(:grocery_planner_ai, :token, token)` replaces
  it in a running node. It is in no error, log or event of telemetry.
  """

  # The scheme, and a user with a password.
  @userinfo ~r{^(\w+://)?([^/?#]*)@}

  @default_url "http://localhost:8000"

  # A balancer or front closes idle connections, the service's own front after 75 s. A connection
  # that is dropped earlier is never found closed.
  @idle_timeout 60_000

  @doc """
  Returns the option of the call, else what the app configured, else the default.
  """
  @spec get(keyword(), atom(), term()) :: term()
  def get(opts, key, default) do
    Keyword.get_lazy(opts, key, fn -> Application.get_env(:grocery_planner_ai, key, default) end)
  end

  @doc """
  Returns the URL of the service without a slash at its end.
  """
  @spec base_url(keyword()) :: String.t()
  def base_url(opts) do
    url = get(opts, :base_url, nil) || from_environment("AI_SERVICE_URL") || @default_url
    String.trim_trailing(url, "/")
  end

  @doc """
  Returns the URL of the service without a user and password, as it is used in requests and messages.
  """
  @spec shown_url(keyword()) :: String.t()
  def shown_url(opts), do: Regex.replace(@userinfo, base_url(opts), "\\1")

  @doc """
  Returns the headers for the user and password in the URL, for the token, those that the app configured,
  and those of the call. The later ones have precedence. Raises an `ArgumentError` for a token that no
  header can hold.
  """
  @spec headers(keyword()) :: [{String.t(), String.t()}]
  def headers(opts) do
    authorization(base_url(opts)) ++
      bearer(opts) ++
      Application.get_env(:grocery_planner_ai, :headers, []) ++ Keyword.get(opts, :headers, [])
  end

  defp authorization(url) do
    case Regex.run(@userinfo, url) do
      [_all, _scheme, userinfo] ->
        [{"authorization", "Basic " <> (userinfo |> URI.decode() |> Base.encode64())}]

      nil ->
        []
    end
  end

  defp bearer(opts) do
    case get(opts, :token, from_environment("AI_SERVICE_TOKEN")) do
      nil -> []
      token -> [{"authorization", "Bearer " <> sendable!(token)}]
    end
  end

  # The error does not quote the token.
  defp sendable!(token) do
    if is_binary(token) and token =~ ~r/\A[!-~]+\z/ do
      token
    else
      raise ArgumentError,
            "the token must be a text of ASCII characters without spaces or line breaks"
    end
  end

  # A variable that is set to nothing counts as not set.
  defp from_environment(name) do
    case System.get_env(name) do
      "" -> nil
      value -> value
    end
  end

  @doc """
  Returns after how many milliseconds an idle connection is closed.
  """
  @spec idle_timeout() :: pos_integer()
  def idle_timeout, do: @idle_timeout
end
