"""Readings made from a few values."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from shared.contracts.receipts.extraction import Extraction
from shared.contracts.receipts.items import LineItem
from shared.contracts.receipts.printed import Merchant, PrintedDate, Total
from shared.contracts.receipts.rich import RichReceipt
from worker.cli.extraction.files import FileReading
from worker.pipeline.observation import Evidence, SeenPage
from worker.pipeline.ocr.text import TextLine, Word


def read_item(name: str, price: str | None, confidence: float = 0.95) -> LineItem:
    """Make a line item of quantity 1."""
    amount = None if price is None else Decimal(price)
    return LineItem(
        raw_text=f"{name} {price}",
        parsed_name=name,
        quantity=Decimal(1),
        unit=None,
        unit_price=amount,
        total_price=amount,
        confidence=confidence,
    )


def read_receipt(
    *items: LineItem,
    merchant: str | None = "Green Valley Market",
    date: str | None = "2026-03-14",
    total: str | None = "21.34",
    currency: str | None = "GBP",
    confidence: float = 0.95,
) -> Extraction:
    """Make a reading whose fields all have the same confidence."""
    return Extraction(
        merchant=Merchant(name=merchant, confidence=confidence),
        date=PrintedDate(value=date, confidence=confidence),
        total=Total(
            amount=None if total is None else Decimal(total),
            currency=currency,
            confidence=confidence,
        ),
        line_items=list(items),
        raw_ocr_text="",
        overall_confidence=confidence,
    )


def file_reading(name: str, read: Extraction, lines: Sequence[str] = ()) -> FileReading:
    """Make the reading of a file whose only page has the lines, one below the other."""
    words = [Word(line, 10, 20 * row, 200, 20 * row + 14, 0.9) for row, line in enumerate(lines)]
    page = SeenPage(None, 300, 400, [TextLine((word,)) for word in words])
    receipt = RichReceipt(
        request_id=None, processing_time_ms=1, model_version="test 1", extraction=read
    )
    return FileReading(Path(name), receipt, None, Evidence([page], 1.5, 400_000_000))
