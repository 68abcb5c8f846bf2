defmodule GroceryPlanner.AIClient.Integration.CallbacksTest do
  @moduledoc """
  Signed callbacks on their way from the service to an app.

  The service has to reach this machine (CALLBACK_HOSTS=http://127.0.0.1), and CALLBACK_SECRETS to be
  the same here as there.
  """
  use GroceryPlanner.AIClient.ServiceCase, async: true

  alias GroceryPlanner.AIClient.ScriptedServer

  if System.get_env("CALLBACK_SECRETS") in [nil, ""] do
    @moduletag skip: "CALLBACK_SECRETS is not set to the secrets of the service"
  end

  @milk %{item_name: "Whole Milk", candidate_labels: ["Produce", "Dairy"]}

  defp secrets, do: "CALLBACK_SECRETS" |> System.fetch_env!() |> String.split(",")

  test "verify_callback, list_callbacks: the app hears of the end of its job", %{context: context} do
    url = ScriptedServer.start(fn _connection, _number, _request -> {204, [], ""} end)
    callback = %{url: url <> "/hook", include_output: true}
    {:ok, job} = AIClient.submit_job("categorization", @milk, context, callback: callback)

    assert_receive {:requested, _connection, _number, %{path: "/hook"} = request}, 60_000
    assert {:ok, event} = AIClient.verify_callback(request.headers, request.body, secrets())

    assert {:ok, %{type: "job.succeeded", data: data}} = Contracts.CallbackEvent.validate(event)
    assert data.job_id == job["id"]
    assert data.output_payload["category"] == "Dairy"

    assert {:error, :bad_signature} =
             AIClient.verify_callback(request.headers, request.body <> " ", secrets())

    {:ok, result} = AIClient.list_callbacks(job["id"], context)

    assert {:ok, %{callbacks: [%{deliveries: [delivery]}]}} =
             Contracts.CallbackListResponse.validate(result)

    assert delivery.event == "job.succeeded"
  end

  test "categorize: a waiting call may have a callback too", %{context: context} do
    url = ScriptedServer.start(fn _connection, _number, _request -> {204, [], ""} end)
    {:ok, _} = AIClient.categorize("Whole Milk", ["Produce", "Dairy"], context, callback: url)

    assert_receive {:requested, _connection, _number, request}, 60_000
    assert {:ok, event} = AIClient.verify_callback(request.headers, request.body, secrets())
    assert %{"type" => "job.succeeded"} = event
  end

  test "redeliver_callback: a delivery is sent once more", %{context: context} do
    url = ScriptedServer.start(fn _connection, _number, _request -> {204, [], ""} end)
    opts = [callback: %{url: url, events: ["job.succeeded"]}]
    {:ok, job} = AIClient.submit_job("categorization", @milk, context, opts)
    assert_receive {:requested, _, _, %{headers: %{"webhook-id" => id}}}, 60_000

    {:ok, delivery} = AIClient.redeliver_callback(job["id"], id, context)
    assert {:ok, %{id: ^id}} = Contracts.Delivery.validate(delivery)
    assert_receive {:requested, _, _, %{headers: %{"webhook-id" => ^id}}}, 60_000

    assert {:error, %Error{status: 404, code: "delivery_not_found"}} =
             AIClient.redeliver_callback(job["id"], AIClient.Key.uuid(), context)
  end

  test "submit_job: a host that is not listed is refused", %{context: context} do
    opts = [callback: "https://elsewhere.example/hook"]

    assert {:error, %Error{code: "callback_refused", class: :bad_input, status: 422}} =
             AIClient.submit_job("categorization", @milk, context, opts)
  end
end
