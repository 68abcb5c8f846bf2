defmodule GroceryPlanner.AIClient.HealthTest do
  @moduledoc """
  The app's health and its start say what is wrong with the service; one without a worker is not ok.
  """
  use ExUnit.Case, async: true

  import ExUnit.CaptureLog

  alias GroceryPlanner.AIClient.{Fake, Health, Startup}

  @opts [transport: Fake, base_url: "http://ai.example"]

  defp ready(status, workers, more \\ %{}) do
    checks = Map.merge(%{database: %{status: "ok"}, workers: workers}, more)
    {200, %{status: status, checks: checks, version: "1"}}
  end

  defp answering(answer) do
    Fake.answer(fn _request -> answer end)
  end

  @alive %{status: "ok", alive: 1, queues: ["items", "receipts"]}
  @half %{status: "degraded", alive: 1, queues: ["items"], error: "No worker serves receipts."}
  @none %{status: "error", alive: 0, queues: []}
  # As services before `workers: {status: error}` say it.
  @none_before %{status: "degraded", alive: 0, queues: []}

  describe "the health of the app" do
    test "is 200 if all is well" do
      answering(ready("ok", @alive))
      checks = [database: fn -> {:ok, :rows} end, oban: fn -> %{queue: "ai_jobs"} end]

      assert {200, body} = Health.report(checks ++ [version: ~c"1.2.3"] ++ @opts)
      assert body.status == "ok"
      assert body.version == "1.2.3"
      assert body.services.database == %{status: "ok"}
      assert body.services.oban == %{status: "ok", queues: %{queue: "ai_jobs"}}
      assert %{status: "ok", details: %{"workers" => %{"alive" => 1}}} = body.services.ai_service
    end

    test "is degraded without a worker, although the service accepts work" do
      for workers <- [@none, @none_before] do
        answering(ready("degraded", workers))

        assert {503, %{status: "degraded", services: %{ai_service: service}}} =
                 Health.report(@opts)

        assert %{status: "error", error: "no worker is alive"} = service
      end
    end

    test "is degraded if a queue has no worker" do
      answering(ready("degraded", @half))

      assert {503, %{status: "degraded", services: %{ai_service: service}}} = Health.report(@opts)
      assert %{status: "error", error: "a queue has no worker"} = service
    end

    test "is degraded without the service" do
      for answer <- [{:error, :timeout}, {503, %{status: "error", checks: %{}}}, {502, "<html>"}] do
        answering(answer)

        assert {503, %{status: "degraded", services: %{ai_service: %{status: "error"}}}} =
                 Health.report(@opts)
      end
    end

    test "is an error without the database, whatever the check does" do
      answering(ready("ok", @alive))

      for check <- [
            fn -> {:error, :refused} end,
            fn -> raise "no pool" end,
            fn -> exit(:noproc) end,
            fn -> throw(:ball) end,
            fn -> {:error, :refused, :details} end,
            fn -> :error end,
            fn -> nil end,
            fn -> false end,
            fn -> Task.await(Task.async(fn -> exit(:linked) end)) end,
            fn -> Process.exit(self(), :kill) end
          ] do
        assert {503, %{status: "error", services: %{database: %{status: "error", error: error}}}} =
                 Health.report([database: check] ++ @opts)

        assert is_binary(error)
      end

      assert {503, %{status: "degraded", services: %{oban: %{status: "error"}}}} =
               Health.report([oban: fn -> raise "no Oban" end] ++ @opts)
    end

    test "is given whatever the check of the service does" do
      Fake.answer(fn _request -> throw(:ball) end)

      assert {503, %{status: "degraded", services: %{ai_service: %{status: "error"}}}} =
               Health.report(@opts)
    end

    test "takes no option that it does not know" do
      assert_raise ArgumentError, ~r/unknown option :databse/, fn ->
        Health.report([databse: fn -> :ok end] ++ @opts)
      end

      assert_raise ArgumentError, ~r/unknown option :require/, fn ->
        Startup.validate([require: true] ++ @opts)
      end
    end

    test "is ok with a service that is only degraded, as the specification has it" do
      answering(ready("degraded", @alive, %{redis: %{status: "degraded"}}))

      assert {200, %{services: %{ai_service: %{status: "degraded"}}}} = Health.report(@opts)
    end
  end

  describe "the start of the app" do
    defp start(opts \\ []) do
      owner = self()
      stop = fn code -> send(owner, {:stopped, code}) end
      with_log(fn -> Startup.validate([stop: stop] ++ opts ++ @opts) end)
    end

    test "logs that the service is there" do
      answering(ready("ok", @alive))

      assert {:ok, log} = start(required: true)
      assert log =~ "AI service connected: http://ai.example"
      refute_received {:stopped, _}
    end

    test "logs what is not fine, and goes on" do
      answering(
        ready("degraded", @alive, %{
          ocr: %{status: "unavailable"},
          tesseract: %{status: "not_installed"}
        })
      )

      assert {{:warning, ["ocr"]}, log} = start(required: true)
      assert log =~ "AI service degraded: ocr"
      assert log =~ "ocr: It is unavailable. Read the logs of the service and of its workers."
      refute_received {:stopped, _}
    end

    test "goes on without the service unless it is required" do
      answering({:error, {:not_connected, :econnrefused}})

      assert {{:error, {:connection_failed, _}}, log} = start()
      assert log =~ "AI features are disabled"
      assert log =~ "Start the service, or correct AI_SERVICE_URL"
      refute_received {:stopped, _}

      assert {{:error, {:connection_failed, _}}, log} = start(required: true)
      assert log =~ "AI service unavailable (required)"
      assert_received {:stopped, 1}
    end

    test "what is wrong with a service that refuses work comes with what to do" do
      checks = %{database: %{status: "error", error: "refused"}, workers: @alive}
      answering({503, %{status: "error", checks: checks, version: "1"}})

      assert {{:error, {:unhealthy, 503, _}}, log} = start()
      assert log =~ "database: refused Start Postgres or correct its DATABASE_URL"

      answering({502, "<html>"})
      assert {{:error, {:unhealthy, 502, _}}, log} = start()
      assert log =~ "repair the proxy between here and the service"
    end

    test "a password in the URL is in no log" do
      answering({:error, :timeout})

      assert {_error, log} = start(base_url: "http://ann:secret@ai.example")
      assert log =~ "http://ai.example does not answer"
      refute log =~ "secret"
    end

    test "a token that the service refuses is as if it were not there, and is in no log" do
      Fake.answer(fn
        %{path: "/health/ready"} -> ready("ok", @alive)
        %{path: "/api/v1/queues"} -> Fake.problem(401, "unauthenticated", "bad_input")
      end)

      assert {{:error, {:refused, "unauthenticated"}}, log} =
               start(required: true, token: "gpai_1_secret")

      assert log =~ "Set AI_SERVICE_TOKEN to a token of the service"
      refute log =~ "secret"
      assert_received {:stopped, 1}
    end

    test "a service without a worker is not there" do
      answering(ready("degraded", @none_before))

      assert {{:error, :no_worker}, log} = start(required: true)
      assert log =~ "has no worker"
      assert log =~ "workers: It is degraded. Start workers (python -m worker)"
      assert_received {:stopped, 1}
    end

    test "is checked beside the other children" do
      answering(ready("ok", @alive))
      start_supervised!({Startup, [delay: 0] ++ @opts})

      assert_receive {Fake, %{path: "/health/ready"}}
    end
  end
end
