defmodule GroceryPlanner.AIClient.Transport do
  @moduledoc """
  Sends one request and returns the answer, whatever its status.

  `GroceryPlanner.AIClient.Transport.Httpc` needs nothing but OTP.
  `GroceryPlanner.AIClient.Transport.Req` needs Req. `GroceryPlanner.AIClient.Fake` sends nothing. Any
  module with this behaviour may be configured as `:transport`.
  """

  alias GroceryPlanner.AIClient.{Config, Libraries, Transport}

  @typedoc """
  A request. Timeouts are in milliseconds. `fresh_connection`: use none that was open before.
  """
  @type request :: %{
          method: :get | :post | :delete,
          url: String.t(),
          headers: [{String.t(), String.t()}],
          body: binary() | nil,
          receive_timeout: pos_integer(),
          connect_timeout: pos_integer(),
          fresh_connection: boolean(),
          options: keyword()
        }

  @typedoc """
  An answer. The names of its headers are in lower case.
  """
  @type answer :: %{status: pos_integer(), headers: %{String.t() => String.t()}, body: binary()}

  @typedoc """
  Why there is no answer. `:closed` means that the connection was closed before the answer came.
  """
  @type reason :: :closed | :timeout | term()

  @doc """
  Sends the request.
  """
  @callback send(request()) :: {:ok, answer()} | {:error, reason()}

  @doc """
  Sends the request, and passes the body of a 200 to the function, chunk by chunk. The body of what is
  returned is empty then; that of any other status is whole. It runs in a process of its own, which may
  be killed at any time.

  A transport without this function cannot be used for `GroceryPlanner.AIClient.stream_events/3`.
  """
  @callback stream(request(), (binary() -> term())) :: {:ok, answer()} | {:error, reason()}

  @optional_callbacks stream: 2

  @doc """
  Returns the module that sends the requests of a call.
  """
  @spec module(keyword()) :: module()
  def module(opts) do
    case Config.get(opts, :transport, :auto) do
      :auto -> if Libraries.there?(Req), do: Transport.Req, else: Transport.Httpc
      :httpc -> Transport.Httpc
      :req -> Transport.Req
      module -> module
    end
  end
end
