defmodule GroceryPlanner.AIClient.TransportTest do
  @moduledoc """
  What happens on the way to the service, over real sockets.
  """
  use ExUnit.Case, async: true

  alias GroceryPlanner.AIClient
  alias GroceryPlanner.AIClient.{Error, Fake, ScriptedServer}

  import ScriptedServer, only: [json: 2]

  @context %{tenant_id: "home", user_id: "anna"}
  @queues ~s({"queues": []})
  @job ~s({"id": "a", "status": "queued"})
  @category ~s({"status": "success", "payload": {"category": "Dairy"}, "error": null})

  # The transports that are there: Req only in the matrix of integration/.
  for transport <- [:httpc, :req], transport == :httpc or Code.ensure_loaded?(Req) do
    describe "over #{transport}" do
      @describetag transport: transport

      setup %{transport: transport}, do: {:ok, opts: [transport: transport]}

      test "a connection is used again for the next call", %{opts: opts} do
        url = ScriptedServer.start(fn _connection, _number, _request -> json(200, @queues) end)

        # One that has just answered may not be free yet.
        for _ <- 1..10, do: assert({:ok, _} = AIClient.queues([base_url: url] ++ opts))

        assert_received {:requested, _connection, 3, _request}
      end

      test "a submission on a connection that the server closes is repeated with its key", %{
        opts: opts
      } do
        url =
          ScriptedServer.start(fn
            1, 1, _request -> json(200, @queues)
            1, 2, _request -> :close
            _connection, _number, _request -> json(202, @job)
          end)

        opts = [base_url: url] ++ opts
        {:ok, _} = AIClient.queues(opts)

        assert {:ok, %{"id" => "a"}} = AIClient.submit_job("categorization", %{}, @context, opts)
        assert_received {:requested, 1, 2, first}
        assert_received {:requested, 2, 1, second}
        assert first.body == second.body
        assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
        assert first.headers["idempotency-key"] =~ ~r/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-/
      end

      test "a request is repeated only once", %{opts: opts} do
        url = ScriptedServer.start(fn _connection, _number, _request -> :close end)

        assert {:error, %Error{code: "service_unreachable", class: :transient, reason: :closed}} =
                 AIClient.queues([base_url: url] ++ opts)

        assert_received {:requested, 1, 1, _}
        assert_received {:requested, 2, 1, _}
        refute_received {:requested, 3, 1, _}
      end

      test "what must not happen twice is not repeated", %{opts: opts} do
        url = ScriptedServer.start(fn _connection, _number, _request -> :close end)

        assert {:error, %Error{reason: :closed}} =
                 AIClient.cancel_job("a", @context, [base_url: url] ++ opts)

        assert {:error, %Error{reason: :closed}} =
                 AIClient.queues([base_url: url, retry: false] ++ opts)

        refute_received {:requested, 3, 1, _}
      end

      test "a slow answer ends after receive_timeout", %{opts: opts} do
        url = ScriptedServer.start(fn _connection, _number, _request -> :hang end)

        assert {:error, %Error{class: :transient, retryable: true, reason: :timeout}} =
                 AIClient.queues([base_url: url, receive_timeout: 100] ++ opts)
      end

      test "a 503 with the service's Retry-After reaches the caller, who decides", %{opts: opts} do
        {503, body, _} = Fake.problem(503, "no_worker", "unavailable")
        {:ok, body} = AIClient.Codec.encode(body)

        url =
          ScriptedServer.start(fn _connection, _number, _request ->
            {503, [{"retry-after", "005"}], body}
          end)

        assert {:error, %Error{code: "no_worker", retry_after: 5} = error} =
                 AIClient.categorize("Milk", ["Dairy"], @context, [base_url: url] ++ opts)

        assert AIClient.oban_result({:error, error}) == {:snooze, 5}
        refute_received {:requested, _, 2, _}
        refute_received {:requested, 2, _, _}
      end

      test "a 503 of a proxy reaches the caller, and nothing is sent again", %{opts: opts} do
        for {after_seconds, expected} <- [{"0", 0}, {"1", 1}, {"30", 30}, {"-1", nil}] do
          url =
            ScriptedServer.start(fn _connection, _number, _request ->
              {503, [{"retry-after", after_seconds}], "<html>"}
            end)

          opts = [base_url: url, receive_timeout: 2_000] ++ opts
          assert {:error, %Error{code: "gateway_failed", status: 503} = error} = queues(opts)
          assert {after_seconds, error.class} == {after_seconds, :transient}
          if expected, do: assert(error.retry_after == expected)

          assert {:error, {:unhealthy, 503, _body}} = AIClient.health_check(opts)
          assert_received {:requested, _, _, %{path: "/api/v1/queues"}}
          assert_received {:requested, _, _, %{path: "/health/ready"}}
        end

        refute_receive {:requested, _, _, _}, 1_200
      end

      test "a Retry-After that means nothing is no reason to raise", %{opts: opts} do
        for after_seconds <- ["", "5s", "1.5", "x", "tomorrow", "Mon, soon"] do
          url =
            ScriptedServer.start(fn _connection, _number, _request ->
              {503, [{"retry-after", after_seconds}], "<html>"}
            end)

          assert {:error, %Error{class: :transient, retry_after: nil}} =
                   queues([base_url: url, receive_timeout: 2_000, retry: false] ++ opts)
        end
      end

      test "a service with IPv6 only is reached", %{opts: opts} do
        url = ScriptedServer.start(fn _, _, _ -> json(200, @queues) end, "[::1]")
        assert {:ok, _} = queues([base_url: url] ++ opts)
      end

      test "a token and a method other than GET and POST are sent", %{opts: opts} do
        url = ScriptedServer.start(fn _, _, _ -> json(200, "{}") end)
        opts = [base_url: url, token: "gpai_1_secret"] ++ opts
        assert {:ok, %{}} = AIClient.delete_tenant_data("home", opts)

        assert_received {:requested, _, _, %{headers: headers} = request}
        assert headers["authorization"] == "Bearer gpai_1_secret"
        assert %{method: "DELETE", path: "/api/v1/tenants/home/data"} = request
      end

      test "a name and a password in the URL are sent, and shown nowhere", %{opts: opts} do
        url = ScriptedServer.start(fn _, _, _ -> json(200, @queues) end)
        url = String.replace(url, "//", "//ann:secret@")
        # The token of the environment would replace them.
        opts = [token: nil] ++ opts
        assert {:ok, _} = queues([base_url: url] ++ opts)

        assert_received {:requested, _, _,
                         %{headers: %{"authorization" => "Basic YW5uOnNlY3JldA=="}}}

        assert {:error, error} = queues([base_url: "http://ann:secret@127.0.0.1:1"] ++ opts)
        assert error.detail =~ "http://127.0.0.1:1 does not answer"
        refute inspect(error) =~ "secret"
      end

      test "a call that waits holds up no other one", %{opts: opts} do
        url =
          ScriptedServer.start(fn
            _connection, _number, %{method: "POST"} -> :hang
            _connection, _number, _request -> json(200, @queues)
          end)

        opts = [base_url: url] ++ opts
        {:ok, _} = AIClient.queues(opts)
        waiting = Task.async(fn -> AIClient.categorize("Milk", ["Dairy"], @context, opts) end)
        assert_receive {:requested, _, _, %{method: "POST"}}

        assert {:ok, _} = AIClient.queues([receive_timeout: 10_000] ++ opts)
        Task.shutdown(waiting, :brutal_kill)
      end

      test "an answer in chunks is put together", %{opts: opts} do
        raw = [
          "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
          for(<<byte <- @category>>, do: "1\r\n#{<<byte>>}\r\n"),
          "0\r\n\r\n"
        ]

        url = ScriptedServer.start(fn _connection, _number, _request -> {:raw, raw} end)

        assert {:ok, %{"category" => "Dairy"}} =
                 AIClient.categorize("Milk", ["Dairy"], @context, [base_url: url] ++ opts)
      end

      test "an answer that is cut off is no answer", %{opts: opts} do
        raw = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"queues\":"

        url = ScriptedServer.start(fn _connection, _number, _request -> {:raw, raw, :close} end)

        assert {:error, %Error{class: :transient, code: "service_unreachable"}} =
                 AIClient.queues([base_url: url, retry: false] ++ opts)
      end

      test "nobody at the URL is an error of its own", %{opts: opts} do
        {:ok, socket} = :gen_tcp.listen(0, ip: {127, 0, 0, 1})
        {:ok, port} = :inet.port(socket)
        :gen_tcp.close(socket)
        opts = [base_url: "http://127.0.0.1:#{port}"] ++ opts

        assert {:error, %Error{reason: {:not_connected, :econnrefused}} = error} =
                 AIClient.queues(opts)

        assert error.detail =~ "127.0.0.1:#{port} does not answer"

        assert AIClient.health_check(opts) ==
                 {:error, {:connection_failed, {:not_connected, :econnrefused}}}
      end

      test "a redirect is not followed", %{opts: opts} do
        url =
          ScriptedServer.start(fn _connection, _number, _request ->
            {302, [{"location", "http://elsewhere.example/"}], ""}
          end)

        assert {:error, %Error{code: "unexpected_answer", status: 302, retryable: false}} =
                 AIClient.queues([base_url: url] ++ opts)
      end

      test "the body arrives as UTF-8, however large it is", %{opts: opts} do
        url = ScriptedServer.start(fn _connection, _number, _request -> json(200, @category) end)
        image = String.duplicate("ä", 500_000)

        {:ok, _} = AIClient.categorize(image, ["Dairy"], @context, [base_url: url] ++ opts)

        assert_received {:requested, 1, 1, %{body: body} = request}
        assert request.headers["content-type"] == "application/json"
        {:ok, sent} = AIClient.Codec.decode(body)
        assert sent["payload"]["item_name"] == image
      end
    end
  end

  defp queues(opts), do: AIClient.queues(opts)
end

defmodule GroceryPlanner.AIClient.HttpcProfileTest do
  @moduledoc """
  The profile of `:httpc` keeps its options, whatever ends.
  """
  use ExUnit.Case, async: false

  alias GroceryPlanner.AIClient
  alias GroceryPlanner.AIClient.{Config, ScriptedServer}
  alias GroceryPlanner.AIClient.Transport.HttpcProfile

  defp options do
    {:ok, manager} = HttpcProfile.manager()
    {:ok, options} = :httpc.get_options(:all, manager)
    options
  end

  test "idle connections are dropped before the front closes them" do
    assert options()[:keep_alive_timeout] == 60_000
    assert Config.idle_timeout() < 75_000
  end

  @tag :capture_log
  test "a profile that was started again has the same options, and works" do
    before = options()

    relay = :httpc.profile_name(~c"stand_alone_", :grocery_planner_ai)

    for doomed <- [fn -> elem(HttpcProfile.manager(), 1) end, fn -> Process.whereis(relay) end],
        doomed = doomed.() do
      {:ok, manager} = HttpcProfile.manager()
      {:links, connections} = Process.info(manager, :links)
      monitors = for pid <- [doomed, manager | connections], is_pid(pid), do: Process.monitor(pid)
      Process.exit(doomed, :kill)
      for monitor <- monitors, do: assert_receive({:DOWN, ^monitor, :process, _pid, _reason})
      assert started_again() == before
    end

    url = ScriptedServer.start(fn _, _, _ -> ScriptedServer.json(200, ~s({"queues": []})) end)
    assert {:ok, _} = AIClient.queues(base_url: url, transport: :httpc)
  end

  # The supervisor is busy until the children are there again.
  defp started_again do
    Supervisor.which_children(AIClient.Supervisor)

    case HttpcProfile.manager() do
      {:ok, _manager} -> options()
      {:error, :not_started} -> started_again()
    end
  end
end
