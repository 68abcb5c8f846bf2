defmodule GroceryPlanner.AIClient.Contracts.EntryError do
  @moduledoc """
  An entry of a batch that was refused. `index` is its position in the caller's list.
  """
  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      index: {:integer, :required},
      id: {:id, :nullable},
      error: {:string, :required}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.CategorizationResponse do
  @moduledoc """
  The best label for one item. `all_scores` has a score for every label.
  """
  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      category: {:string, :required},
      confidence: {{:number, 0, 1}, :required},
      confidence_level: {{:enum, ["high", "medium", "low"]}, :required},
      all_scores: {{:map_of, :number}, :required},
      processing_time_ms: {:number, :required}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.Prediction do
  @moduledoc """
  The best label of one item of a batch.
  """
  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      id: {:id, :required},
      name: {:string, :required},
      predicted_category: {:string, :required},
      confidence: {{:number, 0, 1}, :required},
      confidence_level: {{:enum, ["high", "medium", "low"]}, :required}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.BatchCategorizationResponse do
  @moduledoc """
  The predictions for a batch, in the order of its items, and the items that were refused.
  """
  alias GroceryPlanner.AIClient.Contracts.{EntryError, Prediction}

  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      predictions: {{:list, Prediction}, :required},
      errors: {{:list, EntryError}, :optional},
      processing_time_ms: {:number, :required}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.Embedding do
  @moduledoc """
  The vector of one text.
  """
  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      id: {:id, :required},
      vector: {{:list, :number}, :required}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.EmbeddingResponse do
  @moduledoc """
  The vectors of texts, in their order. Each has `dimension` numbers.
  """
  alias GroceryPlanner.AIClient.Contracts.{Embedding, EntryError}

  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      model: {:string, :required},
      dimension: {:integer, :required},
      embeddings: {{:list, Embedding}, :required},
      errors: {{:list, EntryError}, :optional},
      version: {:string, :optional},
      request_id: {:string, :optional}
    ]

  @doc false
  def check(%{dimension: dimension, embeddings: embeddings}) do
    for {%{vector: vector}, index} <- Enum.with_index(embeddings),
        length(vector) != dimension,
        do: Shape.problem("embeddings.#{index}.vector", "must have #{dimension} numbers")
  end
end
