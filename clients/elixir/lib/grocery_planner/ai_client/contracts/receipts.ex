defmodule GroceryPlanner.AIClient.Contracts.FlatItem do
  @moduledoc """
  One item of a receipt in the flat shape. `price` and `line_total` are for the line.
  """
  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      name: {:string, :required},
      quantity: {:number, :required},
      unit: {:string, :nullable},
      price: {:number, :nullable},
      line_total: {:number, :optional},
      unit_price: {:number, :optional},
      confidence: {{:number, 0, 1}, :required}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.ReceiptExtractionResponse do
  @moduledoc """
  A receipt in the flat shape. Amounts are numbers.
  """
  alias GroceryPlanner.AIClient.Contracts.FlatItem

  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      items: {{:list, FlatItem}, :required},
      total: {:number, :nullable},
      currency: {:string, :nullable},
      currency_source: {{:enum, ["printed", "inferred", "default"]}, :optional},
      merchant: {:string, :nullable},
      date: {:date, :nullable},
      reconciled: {:boolean, :required},
      raw_ocr_text: {:string, :required},
      overall_confidence: {{:number, 0, 1}, :required},
      model_id: {:string, :optional},
      model_version: {:string, :required},
      read_at: {:datetime, :optional},
      processing_time_ms: {:number, :required}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.Merchant do
  @moduledoc """
  The merchant of a receipt, as printed.
  """
  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [name: {:string, :nullable}, confidence: {{:number, 0, 1}, :required}]
end

defmodule GroceryPlanner.AIClient.Contracts.PrintedDate do
  @moduledoc """
  The date of a purchase.
  """
  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [value: {:date, :nullable}, confidence: {{:number, 0, 1}, :required}]
end

defmodule GroceryPlanner.AIClient.Contracts.Total do
  @moduledoc """
  The amount to pay, with all digits that were printed, and its currency (ISO 4217).
  """
  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      amount: {:decimal, :nullable},
      currency: {:string, :nullable},
      currency_source: {{:enum, ["printed", "inferred", "default"]}, :optional},
      confidence: {{:number, 0, 1}, :required}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.LineItem do
  @moduledoc """
  One item of a receipt in the rich shape.
  """
  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      raw_text: {:string, :required},
      parsed_name: {:string, :required},
      quantity: {:number, :required},
      unit: {:string, :nullable},
      unit_price: {:decimal, :nullable},
      total_price: {:decimal, :nullable},
      category: {:string, :nullable},
      confidence: {{:number, 0, 1}, :required}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.Extraction do
  @moduledoc """
  Everything that was read from one receipt.
  """
  alias GroceryPlanner.AIClient.Contracts.{LineItem, Merchant, PrintedDate, Total}

  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      merchant: {Merchant, :required},
      date: {PrintedDate, :required},
      total: {Total, :required},
      line_items: {{:list, LineItem}, :required},
      reconciled: {:boolean, :required},
      checks: {{:list, :map}, :required},
      raw_ocr_text: {:string, :required},
      overall_confidence: {{:number, 0, 1}, :required}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.RichReceiptResponse do
  @moduledoc """
  A receipt in the rich shape. Amounts are decimal numbers in strings.
  """
  alias GroceryPlanner.AIClient.Contracts.Extraction

  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      version: {:string, :required},
      request_id: {:string, :nullable},
      status: {{:enum, ["success"]}, :required},
      processing_time_ms: {:number, :required},
      model_id: {:string, :optional},
      model_version: {:string, :required},
      read_at: {:datetime, :optional},
      extraction: {Extraction, :required}
    ]
end
