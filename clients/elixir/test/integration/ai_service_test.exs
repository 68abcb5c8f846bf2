defmodule GroceryPlanner.AIClient.Integration.AIServiceTest do
  @moduledoc """
  Every call against the real service, and the cases of the specification.
  """
  use GroceryPlanner.AIClient.ServiceCase, async: false

  @labels ["Produce", "Dairy", "Bakery", "Meat"]
  @milk %{item_name: "Whole Milk", candidate_labels: @labels}

  defp contract(event, module) do
    assert {:ok, valid} = module.validate(event)
    valid
  end

  describe "receipt processing end-to-end" do
    test "submit_job, await_job: a receipt is read within 30 s", %{context: context} do
      {:ok, payload} = AIClient.Receipts.payload(receipt())

      {:ok, job} = AIClient.submit_job("receipt_extraction", payload, context)
      assert {:ok, done} = AIClient.await_job(job["id"], context, timeout: 30_000)

      assert {:ok, %{status: "succeeded"}} = Contracts.JobResponse.validate(done)
      assert {:ok, receipt} = AIClient.job_result(done)
      assert {:ok, %{extraction: read}} = Contracts.RichReceiptResponse.validate(receipt)
      assert read.merchant.name != nil
      assert length(read.line_items) > 0
    end

    test "extract_receipt: the flat shape keeps its contract", %{context: context} do
      {:ok, result} = AIClient.extract_receipt(receipt(), context)

      assert {:ok, receipt} = Contracts.ReceiptExtractionResponse.validate(result)
      assert receipt.merchant != nil
      assert receipt.currency_source in ["printed", "inferred"]
      assert [%{price: price, line_total: price, unit_price: unit_price} | _] = receipt.items
      assert is_number(price) and is_number(unit_price)
      assert is_binary(receipt.model_id) and is_binary(receipt.read_at)
    end

    test "extract_rich_receipt: the rich shape has a category for each item", %{context: context} do
      opts = [
        candidate_labels: @labels,
        default_currency: "EUR",
        request_id: "receipt-1",
        priority: 5,
        fresh: true
      ]

      {:ok, result} = AIClient.extract_rich_receipt(receipt(), context, opts)

      assert {:ok, receipt} = Contracts.RichReceiptResponse.validate(result)
      assert receipt.request_id == "receipt-1"
      assert [_ | _] = receipt.extraction.line_items
      assert Enum.all?(receipt.extraction.line_items, &(&1.category in @labels))
    end
  end

  describe "categorization" do
    test "categorize: Organic Bananas are Produce", %{context: context} do
      {:ok, result} =
        AIClient.categorize("Organic Bananas", ["Produce", "Dairy", "Bakery", "Meat"], context)

      assert result["category"] == "Produce"
      assert result["confidence"] > 0.5
    end

    test "categorize: Milk matches the contract", %{context: context} do
      {:ok, response} = AIClient.categorize("Milk", ["Produce", "Dairy", "Bakery"], context)

      assert {:ok, _validated} = Contracts.CategorizationResponse.validate(response)
    end

    test "categorize_item: the envelope matches the contract", %{context: context} do
      {:ok, envelope} = AIClient.categorize_item("Rye Bread", @labels, context, envelope: true)

      assert {:ok, %{metadata: metadata}} = Contracts.BaseResponse.validate(envelope)
      assert is_binary(metadata.finished_at)
      assert {:ok, %{"status" => "succeeded"}} = AIClient.get_job(metadata.job_id, context)
    end

    test "categorize_batch: every item has a prediction", %{context: context} do
      items = ["Bananas", "Cheddar Cheese", %{id: "c", name: "Sourdough Bread"}]
      {:ok, result} = AIClient.categorize_batch(items, @labels, context)

      assert {:ok, batch} = Contracts.BatchCategorizationResponse.validate(result)

      assert Enum.map(batch.predictions, &{&1.id, &1.predicted_category}) ==
               [{0, "Produce"}, {1, "Dairy"}, {"c", "Bakery"}]
    end
  end

  describe "embeddings" do
    test "generate_embedding: a text has a unit vector", %{context: context} do
      {:ok, result} = AIClient.generate_embedding("Organic Bananas", context)

      assert {:ok, %{embeddings: [%{id: "1", vector: vector}]}} =
               Contracts.EmbeddingResponse.validate(result)

      assert_in_delta vector |> Enum.map(&(&1 * &1)) |> Enum.sum(), 1.0, 0.001
    end

    test "generate_embeddings: the order is kept", %{context: context} do
      texts = ["Fresh Bananas", %{id: "b", text: "Whole Milk"}]
      {:ok, result} = AIClient.generate_embeddings(texts, context)

      assert {:ok, %{embeddings: [%{id: 0}, %{id: "b"}]}} =
               Contracts.EmbeddingResponse.validate(result)
    end

    test "generate_embeddings_batch: the batch size changes no vector", %{context: context} do
      texts = for number <- 1..5, do: "Item #{number}"
      {:ok, result} = AIClient.generate_embeddings_batch(texts, context, batch_size: 2)

      assert {:ok, %{embeddings: embeddings}} = Contracts.EmbeddingResponse.validate(result)
      assert length(embeddings) == 5
    end
  end

  describe "jobs" do
    test "submit_job: the same key is the same job", %{context: context} do
      oban_job = %{id: System.unique_integer([:positive])}
      submit = fn -> AIClient.submit_job("categorization", @milk, context, oban_job: oban_job) end

      {:ok, first} = submit.()
      {:ok, second} = submit.()
      assert {:ok, _} = Contracts.JobResponse.validate(first)
      assert second["id"] == first["id"]

      {:ok, other} = AIClient.submit_job("categorization", @milk, context)
      assert other["id"] != first["id"]
    end

    test "submit_job: with wait, the finished job comes back", %{context: context} do
      {:ok, job} = AIClient.submit_job("categorization", @milk, context, wait: 20)

      assert {:ok, %{"category" => "Dairy"}} = AIClient.job_result(job)
    end

    test "submit_batch, get_jobs: many are submitted, and awaited together", %{context: context} do
      entries = [
        %{feature: "categorization", payload: @milk},
        %{feature: "categorization", payload: %{@milk | item_name: ""}},
        %{feature: "embedding", payload: %{texts: ["milk"]}, priority: 3}
      ]

      opts = [oban_job: %{id: System.unique_integer([:positive])}]

      assert {:ok,
              [
                {:ok, milk},
                {:error, %Error{class: :bad_input, code: "invalid_request"}},
                {:ok, text}
              ]} = AIClient.submit_batch(entries, context, opts)

      assert {:ok, %{priority: 3}} = Contracts.JobResponse.validate(text)
      {:ok, [{:ok, again} | _]} = AIClient.submit_batch(entries, context, opts)
      assert again["id"] == milk["id"]

      ids = [text["id"], "nothing", milk["id"]]
      {:ok, page} = AIClient.get_jobs(ids, context, wait: 25)
      assert {:ok, %{jobs: jobs, missing: ["nothing"]}} = Contracts.JobListResponse.validate(page)

      assert Enum.map(jobs, &{&1.id, &1.status}) == [
               {text["id"], "succeeded"},
               {milk["id"], "succeeded"}
             ]
    end

    test "get_job: another tenant's job is not there", %{context: context} do
      {:ok, job} = AIClient.submit_job("categorization", @milk, context)
      assert {:ok, %{"status" => _}} = AIClient.get_job(job["id"], context, wait: 1)

      assert {:error, %Error{status: 404, code: "job_not_found", class: :bad_input}} =
               AIClient.get_job(job["id"], %{tenant_id: "somebody-else"})
    end

    test "cancel_job, retry_job: only where the state allows it", %{context: context} do
      {:ok, job} = AIClient.submit_job("categorization", @milk, context, wait: 20)

      assert {:error, %Error{code: "job_not_cancellable", class: :bad_input, retryable: false}} =
               AIClient.cancel_job(job["id"], context)

      assert {:error, %Error{code: "job_not_retryable"} = error} =
               AIClient.retry_job(job["id"], context)

      assert {:ok, _} = Contracts.ProblemResponse.validate(error.body)
      assert {:cancel, ^error} = AIClient.oban_result({:error, error})
    end

    test "cancel_job, retry_job: a receipt is cancelled, and read after all", %{context: context} do
      {:ok, payload} = AIClient.Receipts.payload(receipt())
      {:ok, job} = AIClient.submit_job("receipt_extraction", payload, context)
      {:ok, _job} = AIClient.cancel_job(job["id"], context)

      assert {:ok, %{"status" => "cancelled"} = cancelled} =
               AIClient.await_job(job["id"], context)

      assert {:error, %Error{class: :cancelled}} = AIClient.job_result(cancelled)

      {:ok, _job} = AIClient.retry_job(job["id"], context)
      assert {:ok, %{"status" => "succeeded"}} = AIClient.await_job(job["id"], context)
    end

    test "get_image: the image that was sent, and none for a job without one", %{context: context} do
      {:file, path} = receipt()
      image = File.read!(path)
      {:ok, payload} = AIClient.Receipts.payload(receipt())
      {:ok, job} = AIClient.submit_job("receipt_extraction", payload, context)

      assert {:ok, %{content: ^image, media_type: "image/" <> _}} =
               AIClient.get_image(job["id"], context)

      {:ok, job} = AIClient.submit_job("categorization", @milk, context)

      assert {:error, %Error{status: 404, code: "image_not_found"}} =
               AIClient.get_image(job["id"], context)
    end

    test "stream_events: every state comes in order, with the stages in between", %{
      context: context
    } do
      {:ok, payload} = AIClient.Receipts.payload(receipt())
      {:ok, job} = AIClient.submit_job("receipt_extraction", payload, context)
      events = job["id"] |> AIClient.stream_events(context, timeout: 60_000) |> Enum.to_list()

      states = for {:job, event} <- events, do: contract(event, Contracts.JobEvent).status
      stages = for {:stage, event} <- events, do: contract(event, Contracts.StageEvent).stage
      assert states == Enum.take(["queued", "running", "succeeded"], -length(states))
      assert Enum.any?(stages, &String.starts_with?(&1, "ocr."))

      assert [{:job, %{"status" => "succeeded"}}] =
               job["id"] |> AIClient.stream_events(context) |> Enum.to_list()
    end

    test "stream_events: the state of a job that waits comes at once", %{context: context} do
      {:ok, payload} = AIClient.Receipts.payload(receipt())
      {:ok, job} = AIClient.submit_job("receipt_extraction", payload, context)
      stream = AIClient.stream_events(job["id"], context, timeout: 5_000)

      assert [{:job, %{"job_id" => _}}] = Enum.take(stream, 1)
      {:ok, _job} = AIClient.cancel_job(job["id"], context)
    end

    test "stream_events: another tenant's job is not there", %{context: context} do
      {:ok, job} = AIClient.submit_job("categorization", @milk, context)
      stream = AIClient.stream_events(job["id"], %{tenant_id: "somebody-else"})

      assert_raise Error, ~r/job_not_found/, fn -> Enum.to_list(stream) end
    end

    test "revive: a job that did not fail is left as it is", %{context: context} do
      {:ok, job} = AIClient.submit_job("categorization", @milk, context, wait: 20)

      assert AIClient.revive(job, context) == {:ok, job}
    end

    test "list_jobs: pages follow each other", %{context: context} do
      for _ <- 1..3, do: {:ok, _} = AIClient.submit_job("categorization", @milk, context)
      {:ok, first} = AIClient.list_jobs(context, limit: 2, feature: "categorization")

      assert {:ok, %{jobs: [_, _], next_cursor: cursor}} =
               Contracts.JobListResponse.validate(first)

      assert {:ok, %{"jobs" => [_]}} = AIClient.list_jobs(context, limit: 2, cursor: cursor)
    end

    test "queues: every queue accepts work" do
      {:ok, result} = AIClient.queues()

      assert {:ok, %{queues: queues}} = Contracts.QueueListResponse.validate(result)

      assert queues |> Enum.map(&{&1.queue, &1.accepting}) |> Enum.sort() ==
               [{"items", true}, {"receipts", true}]
    end

    test "a queue is paused, and goes on" do
      {:ok, paused} = AIClient.pause_queue("receipts")
      {:ok, resumed} = AIClient.resume_queue("receipts")

      assert {:ok, %{paused: %{by: by}}} = Contracts.Queue.validate(paused)
      assert is_binary(by)
      assert {:ok, %{paused: nil}} = Contracts.Queue.validate(resumed)
    end
  end

  describe "operators" do
    test "the data of a tenant is deleted", %{context: context} do
      {:ok, job} = AIClient.submit_job("categorization", @milk, context, wait: 20)
      {:ok, result} = AIClient.delete_tenant_data(context.tenant_id)

      assert {:ok, %{jobs: 1}} = Contracts.DeletedDataResponse.validate(result)
      assert {:error, %Error{code: "job_not_found"}} = AIClient.get_job(job["id"], context)
    end
  end

  describe "errors" do
    @tag skip: System.get_env("AI_SERVICE_TOKEN") in [nil, ""] && "the service wants no token"
    test "an app without a token is refused, and its start says so", %{context: context} do
      assert {:error, %Error{class: :bad_input, code: "unauthenticated", status: 401} = error} =
               AIClient.submit_job("categorization", @milk, context, token: nil)

      assert {:ok, _} = Contracts.ProblemResponse.validate(error.body)
      assert {:ok, _} = AIClient.health_check(token: nil)
      assert {:error, {:refused, "unauthenticated"}} = AIClient.Startup.validate(token: nil)
    end

    test "what is wrong with a request is said by field", %{context: context} do
      assert {:error, %Error{class: :bad_input, status: 422} = error} =
               AIClient.categorize("Milk", [], context)

      assert [%{"field" => "payload.candidate_labels"}] = error.fields
      assert error.trace_id =~ ~r/^[0-9a-f]{32}$/
      assert {:ok, _} = Contracts.ProblemResponse.validate(error.body)
    end

    test "an image that is none is the caller's error", %{context: context} do
      assert {:error, %Error{class: :bad_input, code: "unsupported_image_format", status: 415}} =
               AIClient.extract_receipt({:binary, "no image"}, context)
    end
  end

  describe "traces" do
    test "a job belongs to the trace of its caller", %{context: context} do
      [trace_id, span_id] = trace_ids()
      opts = [traceparent: "00-#{trace_id}-#{span_id}-01", wait: 20]

      assert {:ok, %{"trace_id" => ^trace_id}} =
               AIClient.submit_job("categorization", @milk, context, opts)
    end
  end

  describe "health" do
    test "health_check: every dependency is checked" do
      {:ok, body} = AIClient.health_check()

      assert {:ok, %{status: "ok", checks: checks}} = Contracts.ReadinessResponse.validate(body)
      assert {:ok, _} = Contracts.HealthCheckResponse.validate(body)
      assert checks["database"].status == "ok"
      assert checks["workers"].alive >= 1
    end

    test "service_health: work gets done" do
      {:ok, body} = AIClient.service_health()

      assert {:ok, %{status: "ok", services: services}} =
               Contracts.HealthCheckResponse.validate(body)

      assert Map.keys(services) == ["ai_service", "database", "queue"]
    end

    test "Health.report, Startup.validate: the app is well" do
      assert {200, %{status: "ok"}} = AIClient.Health.report()
      assert AIClient.Startup.validate() == :ok
    end
  end
end
