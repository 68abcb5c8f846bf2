defmodule GroceryPlanner.AIClient.Integration.RequestsTest do
  @moduledoc """
  What a request may have, and what becomes of one that is partly wrong.
  """
  use GroceryPlanner.AIClient.ServiceCase, async: true

  @labels ["Produce", "Dairy"]

  test "categorize_batch: a bad item refuses no other", %{context: context} do
    items = ["Bananas", "", %{id: "c", name: "Whole Milk"}]
    {:ok, result} = AIClient.categorize_batch(items, @labels, context)

    assert {:ok, batch} = Contracts.BatchCategorizationResponse.validate(result)
    assert Enum.map(batch.predictions, & &1.id) == [0, "c"]
    assert [%{index: 1, id: 1}] = batch.errors

    assert {:error, %Error{class: :bad_input, status: 422}} =
             AIClient.categorize_batch(["", " "], @labels, context)
  end

  test "generate_embeddings: a bad text refuses no other", %{context: context} do
    texts = [%{id: "a", text: " "}, "Whole Milk"]
    {:ok, result} = AIClient.generate_embeddings(texts, context)

    assert {:ok, %{embeddings: [%{id: 1}], errors: [%{index: 0, id: "a"}]}} =
             Contracts.EmbeddingResponse.validate(result)
  end

  test "submit_job: an option that does not exist is refused by name", %{context: context} do
    payload = %{image_base64: "aGk=", options: %{candidate_label: @labels}}

    assert {:error, %Error{code: "unknown_field", class: :bad_input} = error} =
             AIClient.submit_job("receipt_extraction", payload, context)

    assert error.detail =~ "candidate_labels"
  end

  test "get_job: an id that is none is not found", %{context: context} do
    assert {:error, %Error{status: 404, code: "job_not_found"}} =
             AIClient.get_job("no uuid", context)
  end
end
