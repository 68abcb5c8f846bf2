"""The flat shape, which older callers know."""

from datetime import datetime

from shared.contracts.fields.hints import CurrencySource
from shared.contracts.receipts.amounts import Confidence, JsonNumber
from shared.contracts.receipts.rich import RichReceipt
from shared.contracts.text import Contract


class FlatItem(Contract):
    """One item on the receipt, in the flat shape.

    `price` and `line_total` are both what the line costs, so nobody has to multiply them by
    `quantity`. `unit_price` is what one unit costs, or null if that is not known.
    """

    name: str
    quantity: JsonNumber
    unit: str | None
    price: JsonNumber | None
    unit_price: JsonNumber | None = None
    line_total: JsonNumber | None = None
    confidence: Confidence


class FlatReceipt(Contract):
    """The flat shape: the payload in the answer of `/extract-receipt`."""

    items: list[FlatItem]
    total: JsonNumber | None
    currency: str | None
    currency_source: CurrencySource | None = None
    merchant: str | None
    date: str | None
    reconciled: bool
    raw_ocr_text: str
    overall_confidence: Confidence
    model_id: str | None = None
    model_version: str
    read_at: datetime | None = None
    processing_time_ms: float

    @classmethod
    def of(cls, rich: RichReceipt) -> "FlatReceipt":
        """Convert a receipt from the rich shape."""
        read = rich.extraction
        return cls(
            items=[
                FlatItem(
                    name=item.parsed_name,
                    quantity=item.quantity,
                    unit=item.unit,
                    price=item.total_price,
                    unit_price=item.unit_price,
                    line_total=item.total_price,
                    confidence=item.confidence,
                )
                for item in read.line_items
            ],
            total=read.total.amount,
            currency=read.total.currency,
            currency_source=read.total.currency_source,
            merchant=read.merchant.name,
            date=read.date.value,
            reconciled=read.reconciled,
            raw_ocr_text=read.raw_ocr_text,
            overall_confidence=read.overall_confidence,
            model_id=rich.model_id,
            model_version=rich.model_version,
            read_at=rich.read_at,
            processing_time_ms=rich.processing_time_ms,
        )
