defmodule GroceryPlanner.AIClient.ContractsTest do
  @moduledoc """
  The contracts accept what the service answers, and say what is wrong with anything else.
  """
  use ExUnit.Case, async: true

  alias GroceryPlanner.AIClient.Contracts

  @category %{
    "category" => "Dairy",
    "confidence" => 0.93,
    "confidence_level" => "high",
    "all_scores" => %{"Dairy" => 0.93, "Produce" => 0.07},
    "processing_time_ms" => 4.2
  }

  defp problems(module, data) do
    {:error, problems} = module.validate(data)
    Map.new(problems, &{&1.field, &1.message})
  end

  test "an answer becomes a struct" do
    assert {:ok, %Contracts.CategorizationResponse{category: "Dairy", confidence: 0.93} = struct} =
             Contracts.CategorizationResponse.validate(@category)

    assert struct.all_scores == %{"Dairy" => 0.93, "Produce" => 0.07}
  end

  test "keys may be atoms, as in data of the app's own tests" do
    data = Map.new(@category, fn {key, value} -> {String.to_existing_atom(key), value} end)

    assert {:ok, %{category: "Dairy"}} = Contracts.CategorizationResponse.validate(data)
  end

  test "fields of a newer service are ignored, and become no atoms" do
    key = "new_field_#{System.unique_integer([:positive])}"
    data = Map.put(@category, key, %{"#{key}_inside" => 1})

    assert {:ok, _} = Contracts.CategorizationResponse.validate(data)
    for name <- [key, "#{key}_inside"], do: refute_atom(name)
  end

  defp refute_atom(name), do: assert_raise(ArgumentError, fn -> String.to_existing_atom(name) end)

  for field <- Map.keys(@category) do
    test "an answer in which #{field} was renamed is refused" do
      {value, rest} = Map.pop!(@category, unquote(field))
      renamed = Map.put(rest, unquote(field) <> "_renamed", value)

      assert problems(Contracts.CategorizationResponse, renamed) == %{
               unquote(field) => "is missing"
             }
    end
  end

  test "types, ranges and enums are checked, all at once" do
    data = %{
      @category
      | "category" => 7,
        "confidence" => 1.5,
        "confidence_level" => "sure",
        "all_scores" => %{"Dairy" => "much"},
        "processing_time_ms" => nil
    }

    assert problems(Contracts.CategorizationResponse, data) == %{
             "category" => "must be a string",
             "confidence" => "must be a number from 0 to 1",
             "confidence_level" => "must be one of high, medium, low",
             "all_scores.Dairy" => "must be a number",
             "processing_time_ms" => "must not be null"
           }
  end

  test "what is no object is refused" do
    for data <- [nil, [], "text", 1] do
      assert problems(Contracts.CategorizationResponse, data) == %{"" => "must be an object"}
    end
  end

  test "a problem inside a list has a path" do
    data = %{
      "predictions" => [
        %{
          "id" => "a",
          "name" => "Milk",
          "predicted_category" => "Dairy",
          "confidence" => 0.9,
          "confidence_level" => "high"
        },
        %{"id" => 1.5, "name" => "Bread", "confidence" => -1, "confidence_level" => "low"}
      ],
      "errors" => [%{"index" => 2, "id" => nil, "error" => "The name is blank."}, "text"],
      "processing_time_ms" => 1
    }

    assert problems(Contracts.BatchCategorizationResponse, data) == %{
             "predictions.1.id" => "must be a string or an integer",
             "predictions.1.predicted_category" => "is missing",
             "predictions.1.confidence" => "must be a number from 0 to 1",
             "errors.1" => "must be an object"
           }

    assert problems(Contracts.BatchCategorizationResponse, %{data | "predictions" => %{}})[
             "predictions"
           ] == "must be a list"
  end

  test "every vector has as many numbers as the dimension says" do
    data = %{
      "model" => "m",
      "dimension" => 2,
      "embeddings" => [%{"id" => 0, "vector" => [0.6, 0.8]}, %{"id" => 1, "vector" => [1]}]
    }

    assert problems(Contracts.EmbeddingResponse, data) == %{
             "embeddings.1.vector" => "must have 2 numbers"
           }
  end

  test "amounts of the rich shape are decimal strings, and dates are dates" do
    extraction = %{
      "merchant" => %{"name" => nil, "confidence" => 0},
      "date" => %{"value" => "14/03/2026", "confidence" => 1},
      "total" => %{"amount" => "1,99", "currency" => nil, "confidence" => 1},
      "line_items" => [],
      "reconciled" => false,
      "checks" => [],
      "raw_ocr_text" => "",
      "overall_confidence" => 1
    }

    data = %{
      "version" => "1.0",
      "request_id" => nil,
      "status" => "success",
      "processing_time_ms" => 1,
      "model_version" => "1",
      "extraction" => extraction
    }

    assert problems(Contracts.RichReceiptResponse, data) == %{
             "extraction.date.value" => "must be a date of ISO 8601",
             "extraction.total.amount" => "must be a decimal number in a string"
           }

    good =
      data
      |> put_in(["extraction", "date", "value"], "2026-03-14")
      |> put_in(["extraction", "total", "amount"], "-1.99")

    assert {:ok, %{extraction: %{total: %{amount: "-1.99"}}}} =
             Contracts.RichReceiptResponse.validate(good)
  end

  test "a health answer has checks or services" do
    check = %{"database" => %{"status" => "ok"}}
    data = %{"status" => "ok", "version" => "1"}

    for field <- ["checks", "services"] do
      assert {:ok, _} = Contracts.HealthCheckResponse.validate(Map.put(data, field, check))
    end

    assert problems(Contracts.HealthCheckResponse, data) == %{"services" => "is missing"}
    assert problems(Contracts.ReadinessResponse, data) == %{"checks" => "is missing"}

    unknown = Map.put(data, "checks", %{"database" => %{"status" => "so-so"}})
    assert %{"checks.database.status" => _} = problems(Contracts.ReadinessResponse, unknown)
  end
end
