defmodule GroceryPlanner.AIClient.Error do
  @moduledoc """
  Why a call failed, from the service's problem document or from the way to it.

  `class` decides what to do; the words are the service's own:

  | class | meaning | `oban_result/1` |
  | --- | --- | --- |
  | `:bad_input` | the same request will never be served | `{:cancel, error}` |
  | `:transient` | a hiccup of a server or of the network | `{:error, error}` |
  | `:unavailable` | the service cannot do it now; ask again after `retry_after` seconds | `{:snooze, seconds}` |
  | `:timeout` | the work took longer than its limit | `{:error, error}` |
  | `:crashed` | the process that did the work died | `{:error, error}` |
  | `:cancelled` | somebody cancelled the job | `{:cancel, error}` |
  | `:bug` | something that nobody foresaw | `{:error, error}` |

  `code` is stable and names the error; docs/errors.md of the service lists every one. Five occur only
  in the client: `"service_unreachable"` (no connection, or no answer on it), `"gateway_failed"` (a
  5xx, 408 or 429 from a proxy), `"unexpected_answer"` (an answer that this service cannot have given),
  `"not_done_in_time"` (`await_job/3` gave up; the job continues) and `"not_sendable"` (an argument
  has no form in JSON).

  `detail` is a sentence for people. `retryable`: the same request may succeed later. `retry_after`
  is in seconds, or nil. `status` is the HTTP status, or nil without an answer. `fields` are those
  that do not fit the contract, each `%{"field" => path, "message" => text}`. `reason` is what the
  transport said, and `body` the answer as it came.
  """

  @classes ~w(bad_input transient unavailable timeout crashed cancelled bug)a
  @class_by_name Map.new(@classes, &{Atom.to_string(&1), &1})
  @retryable ~w(transient unavailable timeout crashed bug)a

  @type class ::
          :bad_input | :transient | :unavailable | :timeout | :crashed | :cancelled | :bug

  @type t :: %__MODULE__{
          class: class(),
          code: String.t(),
          detail: String.t(),
          retryable: boolean(),
          retry_after: non_neg_integer() | nil,
          trace_id: String.t() | nil,
          request_id: String.t() | nil,
          status: pos_integer() | nil,
          fields: [map()],
          reason: term(),
          body: term()
        }

  # An answer may quote what was sent, so it is not in what is inspected, and thus in no log.
  @derive {Inspect, except: [:body, :fields]}
  defexception [
    :class,
    :code,
    :detail,
    :retry_after,
    :trace_id,
    :request_id,
    :status,
    :reason,
    :body,
    retryable: false,
    fields: []
  ]

  @doc """
  Returns the classes.
  """
  @spec classes() :: [class()]
  def classes, do: @classes

  @doc """
  Makes an error of the client itself.
  """
  @spec new(class(), String.t(), String.t(), keyword()) :: t()
  def new(class, code, detail, more \\ []) when class in @classes do
    struct!(
      %__MODULE__{class: class, code: code, detail: detail, retryable: class in @retryable},
      more
    )
  end

  @doc """
  Makes the error of an answer. `body` is decoded, or text if it is not JSON.
  """
  @spec from_answer(pos_integer(), %{String.t() => String.t()}, term()) :: t()
  def from_answer(status, headers, body) do
    error = described(status, body)

    %{
      error
      | status: status,
        body: body,
        retry_after: retry_after(headers),
        trace_id: error.trace_id || headers["x-trace-id"],
        request_id: error.request_id || headers["x-request-id"]
    }
  end

  @doc """
  Makes the error of a job from its `error`, for a job that failed or was cancelled.
  """
  @spec from_job(map()) :: t()
  def from_job(%{"error" => %{"code" => code, "error_class" => class} = error} = job) do
    new(class(class), code, text(error["detail"]),
      retryable: error["retryable"] == true,
      trace_id: job["trace_id"],
      request_id: job["request_id"]
    )
  end

  def from_job(%{"status" => "cancelled"} = job) do
    new(:cancelled, "cancelled", "The job was cancelled.", trace_id: job["trace_id"])
  end

  def from_job(job) do
    new(:bug, "unexpected_answer", "A job without a result has no error.",
      trace_id: job["trace_id"]
    )
  end

  @doc """
  Makes the error of an entry of a batch that was refused, from its `"error"`.
  """
  @spec from_entry(map()) :: t()
  def from_entry(error) do
    %{from_job(%{"error" => error}) | retry_after: error["retry_after"]}
  end

  @doc """
  Makes the error of a request that got no answer.
  """
  @spec from_transport(term(), String.t()) :: t()
  def from_transport(reason, url) do
    new(:transient, "service_unreachable", "#{url} does not answer (#{inspect(reason)}).",
      reason: reason
    )
  end

  @impl Exception
  def message(%__MODULE__{code: code, detail: detail}), do: "#{code}: #{detail}"

  defp described(_status, %{"error" => code, "error_class" => class} = problem)
       when is_binary(code) do
    new(class(class), code, text(problem["detail"]),
      retryable: problem["retryable"] == true,
      trace_id: problem["trace_id"],
      request_id: problem["request_id"],
      fields: problem["fields"] || []
    )
  end

  defp described(status, _body) when status >= 500 or status in [408, 429] do
    new(:transient, "gateway_failed", "A proxy answered #{status} in place of the service.")
  end

  defp described(status, _body) do
    new(
      :bug,
      "unexpected_answer",
      "The answer (#{status}) did not come from this service; check its URL.",
      retryable: false
    )
  end

  # A class that this version of the client does not know is handled like a bug: tried again, and
  # seen by people.
  defp class(name), do: Map.get(@class_by_name, name, :bug)

  defp text(detail) when is_binary(detail), do: detail
  defp text(_detail), do: ""

  defp retry_after(%{"retry-after" => value}) do
    case Integer.parse(value) do
      {seconds, ""} when seconds >= 0 -> seconds
      _not_seconds -> seconds_until(value)
    end
  end

  defp retry_after(_headers), do: nil

  # OTP's parser raises for most texts that are no date.
  defp seconds_until(text) do
    with true <- text =~ ~r/^[A-Z][a-z]{2,8},? .*\d\d:\d\d:\d\d/,
         {{_, _, _}, {_, _, _}} = date <- parsed(text) do
      seconds = :calendar.datetime_to_gregorian_seconds(date)
      max(seconds - :calendar.datetime_to_gregorian_seconds(:calendar.universal_time()), 0)
    else
      _no_date -> nil
    end
  end

  defp parsed(text) do
    :httpd_util.convert_request_date(String.to_charlist(text))
  rescue
    _error -> :bad_date
  end
end
