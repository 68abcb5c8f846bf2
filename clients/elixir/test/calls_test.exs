defmodule GroceryPlanner.AIClient.CallsTest do
  @moduledoc """
  What each function sends, and what it makes of the answer.
  """
  use ExUnit.Case, async: false

  alias GroceryPlanner.AIClient
  alias GroceryPlanner.AIClient.{Contracts, Error, Fake}

  @context %{tenant_id: "home", user_id: 7}
  @opts [transport: Fake]

  defp answering(answer) do
    Fake.answer(fn _request -> answer end)
  end

  defp sent do
    assert_received {Fake, request}
    request
  end

  test "categorize sends the envelope and returns the payload" do
    answering(Fake.category("Produce", 0.93))
    opts = [request_id: "r1", priority: 3] ++ @opts

    assert {:ok, %{"category" => "Produce", "confidence" => 0.93, "confidence_level" => "high"}} =
             AIClient.categorize("Organic Bananas", ["Produce", "Dairy"], @context, opts)

    assert %{method: :post, path: "/api/v1/categorize", body: body, headers: headers} = sent()

    assert body == %{
             "tenant_id" => "home",
             "user_id" => "7",
             "request_id" => "r1",
             "priority" => 3,
             "feature" => "categorization",
             "payload" => %{
               "item_name" => "Organic Bananas",
               "candidate_labels" => ["Produce", "Dairy"]
             }
           }

    refute Map.has_key?(headers, "idempotency-key")
  end

  test "the whole envelope is returned if asked for" do
    answering(Fake.category("Produce"))
    opts = [envelope: true] ++ @opts

    {:ok, envelope} = AIClient.categorize_item("Leek", ["Produce"], @context, opts)

    assert {:ok, %{metadata: %{replayed: false}}} =
             AIClient.Contracts.BaseResponse.validate(envelope)
  end

  test "new work has a key of its own, so that a repeat does not do it twice" do
    answering(Fake.category("Produce"))
    {:ok, _} = AIClient.categorize("Leek", ["Produce"], @context, [fresh: true] ++ @opts)

    assert %{body: %{"metadata" => %{"fresh" => true}}, headers: headers} = sent()
    assert headers["idempotency-key"] =~ ~r/^[0-9a-f-]{36}$/
  end

  test "a batch takes names and maps" do
    answering(Fake.success(%{predictions: [], errors: [], processing_time_ms: 1}))

    {:ok, %{"predictions" => []}} =
      AIClient.categorize_batch(["Milk", %{id: "b", name: "Bread"}], ["Dairy"], @context, @opts)

    assert sent().body["payload"]["items"] == [
             %{"id" => 0, "name" => "Milk"},
             %{"id" => "b", "name" => "Bread"}
           ]
  end

  test "texts are sent flat, and the answer is returned as it is" do
    answering({200, %{model: "m", dimension: 2, embeddings: [%{id: "1", vector: [0, 1]}]}})
    assert {:ok, %{"dimension" => 2}} = AIClient.generate_embedding("Milk", @context, @opts)

    assert %{path: "/api/v1/embed", body: body} = sent()
    assert body["texts"] == [%{"id" => "1", "text" => "Milk"}]
    assert body["tenant_id"] == "home"

    {:ok, _} = AIClient.generate_embeddings(["Milk", "Bread"], @context, @opts)
    assert [%{"id" => 0}, %{"id" => 1}] = sent().body["texts"]

    {:ok, _} = AIClient.generate_embeddings_batch(["Milk"], @context, [batch_size: 2] ++ @opts)
    assert %{path: "/api/v1/embed/batch", body: %{"batch_size" => 2}} = sent()
  end

  test "a receipt is base64, bytes or a file, with hints" do
    answering(Fake.success(%{items: [], merchant: "Shop"}))
    hints = [default_currency: "EUR", country: "DE", locale: "de-DE"]

    assert {:ok, %{"merchant" => "Shop"}} =
             AIClient.extract_receipt({:binary, "bytes"}, @context, hints ++ @opts)

    assert %{path: "/api/v1/extract-receipt", body: %{"payload" => payload}} = sent()

    assert payload == %{
             "image_base64" => Base.encode64("bytes"),
             "options" => %{
               "default_currency" => "EUR",
               "country" => "DE",
               "locale" => "de-DE"
             }
           }

    {:ok, _} = AIClient.extract_receipt("aGk=", @context, @opts)
    assert sent().body["payload"] == %{"image_base64" => "aGk="}

    {:ok, _} = AIClient.extract_receipt({:file, __ENV__.file}, @context, @opts)
    assert Base.decode64!(sent().body["payload"]["image_base64"]) =~ "defmodule"

    assert {:error, %Error{code: "not_sendable", detail: detail}} =
             AIClient.extract_receipt({:file, "nowhere.jpg"}, @context, @opts)

    assert detail =~ "nowhere.jpg cannot be read"
  end

  test "a rich receipt is returned whole" do
    answering({200, %{status: "success", extraction: %{}}})

    assert {:ok, %{"extraction" => %{}}} =
             AIClient.extract_rich_receipt("aGk=", @context, [candidate_labels: ["a"]] ++ @opts)

    assert %{path: "/api/v1/receipts/extract", body: body} = sent()
    assert %{"image_base64" => "aGk=", "options" => %{"candidate_labels" => ["a"]}} = body
  end

  test "200 and 202 are both success" do
    for status <- [200, 202] do
      answering({status, elem(Fake.job(%{id: "a"}), 1)})
      assert {:ok, %{"id" => "a"}} = AIClient.submit_job("embedding", %{}, @context, @opts)
    end
  end

  test "a job may be waited for, and have a callback" do
    answering(Fake.job())
    opts = [wait: 10, callback: "https://app.example/hook"] ++ @opts
    {:ok, _} = AIClient.submit_job(:categorization, %{item_name: "Milk"}, @context, opts)

    assert %{path: "/api/v1/jobs", headers: headers, body: body} = sent()
    assert headers["prefer"] == "wait=10"
    assert body["feature"] == "categorization"
    assert body["callback"] == %{"url" => "https://app.example/hook"}

    callback = %{url: "https://app.example/hook", events: ["job.failed"], include_output: true}
    {:ok, _} = AIClient.submit_job("embedding", %{}, @context, [callback: callback] ++ @opts)
    assert %{"events" => ["job.failed"], "include_output" => true} = sent().body["callback"]
  end

  describe "the key of a submission" do
    defp key(feature, payload, opts) do
      answering(Fake.job())
      {:ok, _} = AIClient.submit_job(feature, payload, @context, opts ++ @opts)
      sent().headers["idempotency-key"]
    end

    test "is the same in all attempts of an Oban job, but not for other work" do
      payload = %{item_name: "Milk", candidate_labels: ["Dairy"]}
      first = key("categorization", payload, oban_job: %{id: 42, attempt: 1})

      assert first =~ ~r/^oban-42-[0-9a-f]{16}$/
      assert key("categorization", payload, oban_job: %{id: 42, attempt: 2}) == first
      assert key("embedding", payload, oban_job: %{id: 42, attempt: 1}) != first
      assert key("categorization", payload, oban_job: %{id: 43, attempt: 1}) != first
    end

    test "is given, left to the request id, or random" do
      assert key("embedding", %{}, idempotency_key: "mine", oban_job: %{id: 1}) == "mine"
      assert key("embedding", %{}, request_id: "r1") == nil
      assert key("embedding", %{}, []) != key("embedding", %{}, [])
      assert key("embedding", %{}, oban_job: %{id: nil}) =~ ~r/^[0-9a-f-]{36}$/
    end
  end

  describe "many jobs" do
    @milk %{item_name: "Milk", candidate_labels: ["Dairy"]}

    test "are submitted together, and each entry has a result" do
      full = Fake.problem(503, "queue_full", "unavailable", retry_after: 5)
      answering(Fake.batch([Fake.job(%{id: "a"}), full, Fake.problem(422, "bad", "bad_input")]))

      entries = [
        %{feature: :categorization, payload: @milk, callback: "https://app.example/hook"},
        %{"feature" => "embedding", "payload" => %{texts: ["a"]}, "user_id" => nil},
        %{feature: "embedding", payload: %{}, request_id: "r1", priority: 3}
      ]

      assert {:ok, [{:ok, %{"id" => "a"}}, {:error, full}, {:error, %Error{code: "bad"} = bad}]} =
               AIClient.submit_batch(entries, @context, @opts)

      assert %Error{class: :unavailable, code: "queue_full", retry_after: 5, retryable: true} =
               full

      assert AIClient.oban_result({:error, full}) == {:snooze, 5}
      assert {:cancel, ^bad} = AIClient.oban_result({:error, bad})

      assert %{method: :post, path: "/api/v1/jobs/batch", body: body, headers: headers} = sent()
      assert %{"tenant_id" => "home", "user_id" => "7", "jobs" => [first, second, third]} = body
      refute Map.has_key?(headers, "idempotency-key")
      assert first["feature"] == "categorization"
      assert first["callback"] == %{"url" => "https://app.example/hook"}
      assert first["idempotency_key"] =~ ~r/^[0-9a-f-]{36}$/
      assert second["idempotency_key"] not in [nil, first["idempotency_key"]]
      refute Map.has_key?(second, "user_id")

      assert third == %{
               "feature" => "embedding",
               "payload" => %{},
               "request_id" => "r1",
               "priority" => 3
             }
    end

    test "have keys of the Oban job, of the batch, or of their own" do
      answering(Fake.batch([Fake.job(), Fake.job()]))

      entries = [
        %{feature: "a", payload: @milk},
        %{feature: "b", payload: @milk, idempotency_key: 7}
      ]

      keys = fn opts ->
        {:ok, [{:ok, _}, {:ok, _}]} = AIClient.submit_batch(entries, @context, opts ++ @opts)
        request = sent()

        {request.headers["idempotency-key"],
         Enum.map(request.body["jobs"], & &1["idempotency_key"])}
      end

      assert {nil, ["oban-42-" <> _, "7"]} = found = keys.(oban_job: %{id: 42, attempt: 1})
      assert keys.(oban_job: %{id: 42, attempt: 2}) == found
      assert keys.(idempotency_key: "import-7") == {"import-7", [nil, "7"]}
    end

    test "are refused as a whole if the answer is another" do
      entries = [%{feature: "embedding", payload: %{}}]

      answering(Fake.problem(413, "request_too_large", "bad_input"))

      assert {:error, %Error{code: "request_too_large"}} =
               AIClient.submit_batch(entries, @context, @opts)

      answering({200, %{results: []}})

      assert {:error, %Error{code: "unexpected_answer"}} =
               AIClient.submit_batch(entries, @context, @opts)

      answering({200, %{results: [%{index: 0, job: nil, error: nil}]}})

      assert {:ok, [{:error, %Error{code: "unexpected_answer"}}]} =
               AIClient.submit_batch(entries, @context, @opts)

      assert {:error, %Error{code: "tenant_required"}} =
               AIClient.submit_batch(entries, %{}, @opts)
    end

    test "are looked up together, once all have ended" do
      answering(Fake.jobs([Fake.job(%{id: "a", status: "failed"})], ["b"]))

      assert {:ok, %{"jobs" => [%{"id" => "a"}], "missing" => ["b"]} = page} =
               AIClient.get_jobs(["a", "b"], @context, [wait: 25] ++ @opts)

      assert {:ok, %{missing: ["b"], unreadable: []}} =
               AIClient.Contracts.JobListResponse.validate(page)

      assert %{method: :get, path: "/api/v1/jobs", query: query, headers: headers} = sent()
      assert query == %{"ids" => "a,b", "wait" => "25"}
      assert headers["x-tenant-id"] == "home"
    end

    test "are looked up without a call if there is none" do
      assert {:ok, %{"jobs" => [], "missing" => []}} = AIClient.get_jobs([], @context, @opts)
    end
  end

  test "jobs are looked up, listed, cancelled and retried for the tenant" do
    answering(Fake.job(%{id: "a"}))

    {:ok, %{"id" => "a"}} = AIClient.get_job("a b/c", @context, [wait: 5] ++ @opts)

    assert %{method: :get, path: "/api/v1/jobs/a%20b%2Fc", query: query, headers: headers} =
             sent()

    assert query == %{"wait" => "5"}
    assert headers["x-tenant-id"] == "home"

    answering({200, <<137, 80, 78, 71, 0>>, %{"content-type" => "image/png"}})

    assert {:ok, %{content: <<137, 80, 78, 71, 0>>, media_type: "image/png"}} =
             AIClient.get_image("a", @context, [page: 2] ++ @opts)

    assert %{method: :get, path: "/api/v1/jobs/a/image", query: %{"page" => "2"}} = seen = sent()
    assert seen.headers["accept"] =~ "image/*"
    answering({200, "<html>", %{"content-type" => "text/html"}})

    assert {:error, %Error{code: "unexpected_answer"}} = AIClient.get_image("a", @context, @opts)

    sent()
    answering(Fake.problem(410, "image_deleted", "bad_input"))
    assert {:error, %Error{code: "image_deleted"}} = AIClient.get_image("a", @context, @opts)
    sent()
    answering(Fake.job(%{id: "a"}))

    {:ok, _} = AIClient.cancel_job("a", @context, @opts)
    assert %{method: :post, path: "/api/v1/jobs/a/cancel"} = sent()

    {:ok, _} = AIClient.retry_job("a", @context, @opts)
    assert %{method: :post, path: "/api/v1/jobs/a/retry"} = sent()

    {:ok, _} = AIClient.list_callbacks("a", @context, @opts)
    assert %{method: :get, path: "/api/v1/jobs/a/callbacks"} = sent()

    {:ok, _} = AIClient.redeliver_callback("a", "d", @context, @opts)
    assert %{method: :post, path: "/api/v1/jobs/a/callbacks/d/redeliver"} = sent()

    since = ~U[2026-11-26 12:00:00Z]
    {:ok, _} = AIClient.list_jobs(@context, [status: "failed", since: since, limit: 5] ++ @opts)
    assert %{path: "/api/v1/jobs", query: query} = sent()
    assert query == %{"status" => "failed", "since" => "2026-11-26T12:00:00Z", "limit" => "5"}
  end

  test "a context may have strings as keys" do
    answering({200, %{jobs: [], next_cursor: nil}})
    {:ok, _} = AIClient.list_jobs(%{"tenant_id" => "home"}, @opts)

    assert sent().headers["x-tenant-id"] == "home"
  end

  test "the trace of the caller and headers of the app are passed on" do
    answering({200, %{queues: []}})
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    opts = [traceparent: traceparent, headers: [{"authorization", "Bearer t"}]] ++ @opts
    {:ok, _} = AIClient.queues(opts)

    assert %{"traceparent" => ^traceparent, "authorization" => "Bearer t"} = sent().headers
  end

  test "the token of the app goes with every request, unless the call has another or none" do
    Application.put_env(:grocery_planner_ai, :token, "gpai_1_app")
    on_exit(fn -> Application.delete_env(:grocery_planner_ai, :token) end)
    answering({200, %{queues: []}})

    for {opts, expected} <- [
          {[], "Bearer gpai_1_app"},
          {[token: "gpai_2_call"], "Bearer gpai_2_call"},
          {[token: nil], nil},
          {[headers: [{"authorization", "Basic b"}]], "Basic b"}
        ] do
      {:ok, _} = AIClient.queues(opts ++ @opts)
      assert sent().headers["authorization"] == expected
    end

    AIClient.health_check(@opts)
    assert %{path: "/health/ready", headers: %{"authorization" => "Bearer gpai_1_app"}} = sent()
  end

  test "a token that no header can hold is refused, and not shown" do
    for token <- ["secret\n", "secret\r\nX-Tenant-ID: b", "two secrets", "", "secret€", :secret] do
      error = assert_raise ArgumentError, fn -> AIClient.queues([token: token] ++ @opts) end
      refute Exception.message(error) =~ "secret"
    end
  end

  test "a refused token is for people, and no error shows it" do
    for {status, code} <- [{401, "unauthenticated"}, {403, "forbidden"}] do
      answering(Fake.problem(status, code, "bad_input"))
      result = AIClient.queues([token: "gpai_1_secret"] ++ @opts)

      assert {:error, %Error{status: ^status, code: ^code, retryable: false} = error} = result
      assert {:cancel, ^error} = AIClient.oban_result(result)
      refute inspect(error, structs: false) =~ "secret"
    end

    answering({:error, {:not_connected, :econnrefused}})
    {:error, error} = AIClient.queues([token: "gpai_1_secret"] ++ @opts)
    refute inspect(error, structs: false) =~ "secret"
  end

  test "the data of a tenant is deleted" do
    deleted = %{tenant_id: "a/b", jobs: 1, images: 0, callbacks: 0, deliveries: 0, cancelled: 1}
    answering({200, deleted})
    {:ok, result} = AIClient.delete_tenant_data("a/b", @opts)

    assert %{method: :delete, path: "/api/v1/tenants/a%2Fb/data", body: nil} = sent()
    assert {:ok, %{jobs: 1}} = Contracts.DeletedDataResponse.validate(result)
  end

  test "headers of a call are added to those of the app, and replace those of the same name" do
    answering({200, %{queues: []}})
    Application.put_env(:grocery_planner_ai, :headers, [{"X-App", "planner"}, {"X-Zone", "a"}])
    on_exit(fn -> Application.delete_env(:grocery_planner_ai, :headers) end)
    {:ok, _} = AIClient.queues([headers: [{"x-zone", "b"}, {"authorization", "t"}]] ++ @opts)

    assert %{"X-App" => "planner", "x-zone" => "b", "authorization" => "t"} =
             headers = sent().headers

    refute Map.has_key?(headers, "X-Zone")
  end

  test "waiting calls pass on all that makes work" do
    callback = %{url: "https://app.example/hook", events: ["job.failed"]}
    opts = [callback: callback, priority: 3, fresh: true, metadata: %{screen: "pantry"}] ++ @opts
    answering({200, %{status: "success", payload: %{}, extraction: %{}, embeddings: []}})

    for call <- [
          &AIClient.categorize("Milk", ["Dairy"], @context, &1),
          &AIClient.categorize_batch(["Milk"], ["Dairy"], @context, &1),
          &AIClient.extract_receipt("aGk=", @context, &1),
          &AIClient.extract_rich_receipt("aGk=", @context, &1),
          &AIClient.generate_embedding("Milk", @context, &1),
          &AIClient.generate_embeddings_batch(["Milk"], @context, &1)
        ] do
      {:ok, _} = call.(opts)

      assert %{
               "callback" => %{"url" => "https://app.example/hook", "events" => ["job.failed"]},
               "priority" => 3,
               "metadata" => %{"fresh" => true, "screen" => "pantry"}
             } = sent().body
    end
  end

  test "an option that a function does not take is refused, and nothing is sent" do
    for call <- [
          fn -> AIClient.categorize("Milk", ["Dairy"], @context, [fesh: true] ++ @opts) end,
          fn -> AIClient.extract_rich_receipt("a", @context, [envelope: true] ++ @opts) end,
          fn -> AIClient.generate_embeddings(["a"], @context, [batch_size: 2] ++ @opts) end,
          fn -> AIClient.submit_job("embedding", %{}, @context, [timeout: 1] ++ @opts) end,
          fn -> AIClient.submit_batch([], @context, [wait: 1] ++ @opts) end,
          fn -> AIClient.get_jobs(["a"], @context, [limit: 1] ++ @opts) end,
          fn -> AIClient.get_job("a", @context, [timeout: 1] ++ @opts) end,
          fn -> AIClient.await_job("a", @context, [within: 1] ++ @opts) end,
          fn -> AIClient.list_jobs(@context, [state: "failed"] ++ @opts) end,
          fn -> AIClient.cancel_job("a", @context, [wait: 1] ++ @opts) end,
          fn -> AIClient.revive(%{"status" => "queued"}, @context, [wait: 1] ++ @opts) end,
          fn -> AIClient.redeliver_callback("a", "b", @context, [wait: 1] ++ @opts) end,
          fn -> AIClient.stream_events("a", @context, [within: 1] ++ @opts) end,
          fn -> AIClient.queues([tenant_id: "home"] ++ @opts) end,
          fn -> AIClient.health_check([required: true] ++ @opts) end,
          fn -> AIClient.Receipts.payload("aGk=", currency: "EUR") end
        ] do
      assert_raise ArgumentError, ~r/unknown option :\w+; the options are /, call
    end

    refute_received {Fake, _}
  end

  test "health_check has the errors of the specification" do
    body = %{status: "ok", checks: %{}, version: "1"}
    answering({200, body})
    assert {:ok, %{"status" => "ok"}} = AIClient.health_check(@opts)
    assert sent().path == "/health/ready"

    answering({503, %{status: "error"}})
    assert AIClient.health_check(@opts) == {:error, {:unhealthy, 503, %{"status" => "error"}}}

    answering({:error, :timeout})
    assert AIClient.health_check(@opts) == {:error, {:connection_failed, :timeout}}

    answering({503, body})
    assert {:error, {:unhealthy, 503, %{"version" => "1"}}} = AIClient.service_health(@opts)
    assert_received {Fake, %{path: "/health_check"}}
  end
end
