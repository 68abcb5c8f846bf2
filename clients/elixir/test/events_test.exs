defmodule GroceryPlanner.AIClient.EventsTest do
  @moduledoc """
  Listening to a job: over real sockets, over connections that end, and until the job does.
  """
  use ExUnit.Case, async: true

  alias GroceryPlanner.AIClient
  alias GroceryPlanner.AIClient.{Contracts, Error, EventParser, Fake, ScriptedServer}

  @context %{tenant_id: "home"}
  @head "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"

  defp chunks(text), do: for(<<byte <- text>>, into: "", do: "1\r\n#{<<byte>>}\r\n")

  defp chunk(text), do: "#{Integer.to_string(byte_size(text), 16)}\r\n#{text}\r\n"

  defp state(id, status) do
    "id: #{id}\nevent: job\ndata: {\"job_id\": \"a\", \"status\": \"#{status}\"}\n\n"
  end

  for transport <- [:httpc, :req], transport == :httpc or Code.ensure_loaded?(Req) do
    describe "over #{transport}" do
      @describetag transport: transport

      setup %{transport: transport}, do: {:ok, opts: [transport: transport]}

      test "events come as they are sent, and end with the job", %{opts: opts} do
        sent =
          "retry: 10\n\n: heartbeat\n\n" <>
            state("1.1.0", "running") <>
            ~s(event: stage\ndata: {"stage": "ocr.recognise"}\n\n) <>
            ~s(event: novelty\ndata: nothing\n\n) <> state("1.1.2", "succeeded")

        url = ScriptedServer.start(fn _, _, _ -> {:raw, @head <> chunks(sent) <> "0\r\n\r\n"} end)

        assert "a b"
               |> AIClient.stream_events(@context, [base_url: url] ++ opts)
               |> Enum.to_list() ==
                 [
                   {:job, %{"job_id" => "a", "status" => "running"}},
                   {:stage, %{"stage" => "ocr.recognise"}},
                   {:job, %{"job_id" => "a", "status" => "succeeded"}}
                 ]

        assert_received {:requested, 1, 1, request}
        assert request.path == "/api/v1/jobs/a%20b/events"
        assert %{"accept" => "text/event-stream", "x-tenant-id" => "home"} = request.headers
        refute_received {:requested, _, _, _}
      end

      test "a stream that is cut goes on where it was", %{opts: opts} do
        first = "retry: 1\n\n" <> state("1.1.0", "running") <> "id: 1.1.2\nevent: job\nda"

        url =
          ScriptedServer.start(fn
            1, _, _ -> {:raw, @head <> chunk(first), :close}
            2, _, _ -> {503, [{"retry-after", "0"}], "<html>"}
            _, _, _ -> {:raw, @head <> chunk(state("1.1.2", "failed")) <> "0\r\n\r\n"}
          end)

        assert [{:job, %{"status" => "running"}}, {:job, %{"status" => "failed"}}] =
                 "a"
                 |> AIClient.stream_events(@context, [base_url: url] ++ opts)
                 |> Enum.to_list()

        assert_received {:requested, 1, _, %{headers: headers}}
        refute Map.has_key?(headers, "last-event-id")
        assert_received {:requested, _, _, %{headers: %{"last-event-id" => "1.1.0"}}}
        assert_received {:requested, _, _, %{headers: %{"last-event-id" => "1.1.0"}}}
      end

      test "whoever stops listening leaves no connection and no message", %{opts: opts} do
        url =
          ScriptedServer.start(fn _, _, _ -> {:raw, @head <> chunk(state("1.1.0", "running"))} end)

        stream = AIClient.stream_events("a", @context, [base_url: url] ++ opts)
        assert [{:job, _}] = Enum.take(stream, 1)
        assert_receive {:closed, 1}

        {pid, monitor} = spawn_monitor(fn -> Enum.to_list(stream) end)
        assert_receive {:requested, 2, 1, _}
        Process.exit(pid, :kill)
        assert_receive {:DOWN, ^monitor, :process, ^pid, :killed}
        assert_receive {:closed, 2}

        assert_received {:requested, 1, 1, _}
        assert Process.info(self(), :messages) == {:messages, []}
      end

      test "a silent stream ends in time", %{opts: opts} do
        url = ScriptedServer.start(fn _, _, _ -> {:raw, @head} end)
        stream = AIClient.stream_events("a", @context, [base_url: url, timeout: 100] ++ opts)

        assert_raise Error, ~r/not_done_in_time/, fn ->
          Enum.to_list(stream)
        end
      end
    end
  end

  describe "over the fake" do
    defp events(opts \\ []) do
      "a" |> AIClient.stream_events(@context, [transport: Fake] ++ opts) |> Enum.to_list()
    end

    test "events keep their contracts" do
      Fake.answer(fn _request -> Fake.events(stage: %{}, job: %{status: "cancelled"}) end)

      assert [{:stage, stage}, {:job, job}] = events()
      assert {:ok, %{stage: "fake"}} = Contracts.StageEvent.validate(stage)
      assert {:ok, %{status: "cancelled"}} = Contracts.JobEvent.validate(job)
    end

    test "a job whose end was seen has no more events" do
      Fake.answer(fn _request -> {204, ""} end)

      assert events() == []
    end

    test "what will not pass is raised at once" do
      Fake.answer(fn _request -> Fake.problem(404, "job_not_found", "bad_input") end)
      assert_raise Error, ~r/job_not_found/, fn -> events() end

      Fake.answer(fn _request -> {200, "event: job\ndata: {\n\n"} end)
      assert_raise Error, ~r/unexpected_answer/, fn -> events() end

      assert_raise Error, ~r/tenant_required/, fn ->
        "a" |> AIClient.stream_events(%{}, transport: Fake) |> Enum.to_list()
      end
    end

    test "what may pass is raised when the time is over" do
      Fake.answer(fn _request -> {:error, {:not_connected, :econnrefused}} end)
      assert_raise Error, ~r/service_unreachable/, fn -> events(timeout: 500) end

      Fake.answer(fn _request -> Fake.events(job: %{status: "queued"}) end)
      assert_raise Error, ~r/not_done_in_time/, fn -> events(timeout: 50) end
    end

    test "what a transport raises is raised where it can be rescued" do
      Fake.answer(fn _request -> raise "a transport that fails" end)
      assert_raise RuntimeError, "a transport that fails", fn -> events() end

      Fake.answer(fn _request -> exit(:gone) end)
      assert catch_exit(events()) == :gone
      assert Process.info(self(), :messages) |> elem(1) |> Enum.all?(&match?({Fake, _}, &1))
    end
  end

  describe "the parser" do
    defp parsed(chunks) do
      Enum.flat_map_reduce(chunks, EventParser.new(), fn chunk, parser ->
        EventParser.feed(parser, chunk)
      end)
    end

    test "any line break will do, also one that is cut in two" do
      for text <- [
            "event: job\ndata: 1\n\n",
            "event: job\r\ndata: 1\r\n\r\n",
            "event:job\rdata:1\r\r\n"
          ] do
        bytes = for <<byte <- text>>, do: <<byte>>

        assert {[%{name: "job", data: "1"}], _} = parsed([text])
        assert {[%{name: "job", data: "1"}], _} = parsed(bytes)
      end
    end

    test "lines of data are joined, and odd fields ignored" do
      text = "id: 1\ndata: a\ndata\ndata:  b\nretry: soon\nretry: 20\nid: ä\nother: x\n\n: c\n\n"

      assert {[%{name: "", data: "a\n\n b"}], %{last_id: "1", pause: 20}} = parsed([text])
    end
  end
end
