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

defmodule GroceryPlanner.AIClient.Contracts.Box do
  @moduledoc """
  A place on the image that `get_image/3` returns: a page from 1, and four corners `[x, y]` in pixels,
  clockwise from the top left.
  """
  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [page: {:integer, :required}, polygon: {{:list, {:list, :number}}, :required}]
end

defmodule GroceryPlanner.AIClient.Contracts.PrintedText do
  @moduledoc """
  A text that is printed on a receipt, such as a telephone number.
  """
  alias GroceryPlanner.AIClient.Contracts.Box

  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      value: {:string, :required},
      confidence: {{:number, 0, 1}, :required},
      boxes: {{:list, Box}, :optional}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.PrintedAmount do
  @moduledoc """
  An amount that is printed on a receipt and is neither the total nor a price.
  """
  alias GroceryPlanner.AIClient.Contracts.Box

  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      amount: {:decimal, :required},
      confidence: {{:number, 0, 1}, :required},
      boxes: {{:list, Box}, :optional}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.TaxLine do
  @moduledoc """
  A row about a tax. `rate` is in percent; what is not printed is nil.
  """
  alias GroceryPlanner.AIClient.Contracts.Box

  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      rate: {:number, :optional},
      net: {:decimal, :optional},
      tax: {:decimal, :optional},
      gross: {:decimal, :optional},
      confidence: {{:number, 0, 1}, :required},
      boxes: {{:list, Box}, :optional}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.Payment do
  @moduledoc """
  A payment. `last_four` are the last digits of the card.
  """
  alias GroceryPlanner.AIClient.Contracts.Box

  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      method: {:string, :required},
      label: {:string, :required},
      amount: {:decimal, :nullable},
      last_four: {:string, :optional},
      confidence: {{:number, 0, 1}, :required},
      boxes: {{:list, Box}, :optional}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.Merchant do
  @moduledoc """
  The merchant of a receipt, as printed. `tax_id` is the number under which it pays taxes, and `web` its
  domain.
  """
  alias GroceryPlanner.AIClient.Contracts.{Box, PrintedText}

  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      name: {:string, :nullable},
      address: {PrintedText, :optional},
      phone: {PrintedText, :optional},
      tax_id: {PrintedText, :optional},
      web: {PrintedText, :optional},
      confidence: {{:number, 0, 1}, :required},
      boxes: {{:list, Box}, :optional}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.PrintedDate do
  @moduledoc """
  The date of a purchase.
  """
  alias GroceryPlanner.AIClient.Contracts.Box

  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      value: {:date, :nullable},
      confidence: {{:number, 0, 1}, :required},
      boxes: {{:list, Box}, :optional}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.Total do
  @moduledoc """
  The amount to pay, with all digits that were printed, and its currency (ISO 4217).
  """
  alias GroceryPlanner.AIClient.Contracts.Box

  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      amount: {:decimal, :nullable},
      currency: {:string, :nullable},
      currency_source: {{:enum, ["printed", "inferred", "default"]}, :optional},
      confidence: {{:number, 0, 1}, :required},
      boxes: {{:list, Box}, :optional}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.Pack do
  @moduledoc """
  A size in the name of an item: `6x330ml` is `count` 6, `size` 330, `unit` ml.
  """
  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      count: {:integer, :required},
      size: {:number, :required},
      unit: {:string, :required}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.TotalAmount do
  @moduledoc """
  How much of the goods an item is, in g, ml or pieces, as a pantry counts them.
  """
  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [value: {:number, :required}, unit: {{:enum, ["g", "ml", "piece"]}, :required}]
end

defmodule GroceryPlanner.AIClient.Contracts.BasePrice do
  @moduledoc """
  What a kilogram, a litre or a piece costs: `per` is `kg`, `l` or `piece`.
  """
  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [amount: {:decimal, :required}, per: {:string, :required}]
end

defmodule GroceryPlanner.AIClient.Contracts.LineItem do
  @moduledoc """
  One item of a receipt in the rich shape. Of an item of `kind` discount, `applies_to` is the index of
  the item that it is on, or nil if it is on all.
  """
  alias GroceryPlanner.AIClient.Contracts.{BasePrice, Box, Pack, TotalAmount}

  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      raw_text: {:string, :required},
      parsed_name: {:string, :required},
      quantity: {:number, :required},
      unit: {:string, :nullable},
      unit_price: {:decimal, :nullable},
      total_price: {:decimal, :nullable},
      category: {:string, :nullable},
      kind: {:string, :optional},
      code: {:string, :optional},
      tax_code: {:string, :optional},
      discount: {:decimal, :optional},
      applies_to: {:integer, :optional},
      pack: {Pack, :optional},
      amount_total: {TotalAmount, :optional},
      base_price: {BasePrice, :optional},
      confidence: {{:number, 0, 1}, :required},
      boxes: {{:list, Box}, :optional}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.Extraction do
  @moduledoc """
  Everything that was read from one receipt. What is not printed is nil.
  """
  alias GroceryPlanner.AIClient.Contracts.{
    LineItem,
    Merchant,
    Payment,
    PrintedAmount,
    PrintedDate,
    PrintedText,
    TaxLine,
    Total
  }

  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      document_type: {:string, :optional},
      merchant: {Merchant, :required},
      date: {PrintedDate, :required},
      time: {PrintedText, :optional},
      total: {Total, :required},
      line_items: {{:list, LineItem}, :required},
      subtotal: {PrintedAmount, :optional},
      tax_lines: {{:list, TaxLine}, :optional},
      service: {PrintedAmount, :optional},
      tip: {PrintedAmount, :optional},
      rounding: {PrintedAmount, :optional},
      payments: {{:list, Payment}, :optional},
      change: {PrintedAmount, :optional},
      receipt_number: {PrintedText, :optional},
      store_number: {PrintedText, :optional},
      till_number: {PrintedText, :optional},
      country: {PrintedText, :optional},
      language: {PrintedText, :optional},
      reconciled: {:boolean, :required},
      checks: {{:list, :map}, :required},
      raw_ocr_text: {:string, :required},
      overall_confidence: {{:number, 0, 1}, :required}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.ImagePage do
  @moduledoc """
  A page of the image: its number from 1, and its sides in pixels.
  """
  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      number: {:integer, :required},
      width: {:integer, :required},
      height: {:integer, :required}
    ]
end

defmodule GroceryPlanner.AIClient.Contracts.RichReceiptResponse do
  @moduledoc """
  A receipt in the rich shape. Amounts are decimal numbers in strings. If the image shows several
  receipts, `receipts` has all of them and `extraction` the first.
  """
  alias GroceryPlanner.AIClient.Contracts.{Extraction, ImagePage}

  use GroceryPlanner.AIClient.Contracts.Shape,
    fields: [
      version: {:string, :required},
      request_id: {:string, :nullable},
      status: {{:enum, ["success"]}, :required},
      processing_time_ms: {:number, :required},
      model_id: {:string, :optional},
      model_version: {:string, :required},
      read_at: {:datetime, :optional},
      extraction: {Extraction, :required},
      receipts: {{:list, Extraction}, :optional},
      pages: {{:list, ImagePage}, :optional}
    ]
end
