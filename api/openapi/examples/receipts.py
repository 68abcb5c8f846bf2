"""Examples of the calls that read a receipt."""

from decimal import Decimal

from api.openapi.examples.example import REQUEST_ID, TENANT, Examples
from api.openapi.examples.items import metadata
from shared.contracts.jobs import Answer
from shared.contracts.receipts.extraction import Extraction
from shared.contracts.receipts.flat import FlatReceipt
from shared.contracts.receipts.items import BasePrice, BaseUnit, LineItem, Pack, TotalAmount
from shared.contracts.receipts.printed import (
    Box,
    ImagePage,
    Merchant,
    Point,
    PrintedDate,
    PrintedText,
    Total,
)
from shared.contracts.receipts.requests import ExtractionOptions, ReceiptPayload, RichReceiptRequest
from shared.contracts.receipts.rich import RichReceipt
from shared.contracts.receipts.sums import ArithmeticCheck, Payment, PaymentMethod, TaxLine
from shared.contracts.requests import ReceiptRequest

# The smallest PNG: it shows where the image goes, but no text is found in it.
IMAGE = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
MODEL = "rapidocr 3.10.0 PP-OCRv6-small"


def examples() -> dict[str, Examples]:
    """Return the examples by `operationId`."""
    flat = Answer[FlatReceipt](
        request_id=REQUEST_ID,
        status="success",
        payload=FlatReceipt.of(rich_receipt()),
        error=None,
        metadata=metadata().model_copy(update={"model_id": "rapidocr", "model_version": "3.10.0"}),
    )
    return {
        "extractReceipt": Examples(
            {"One image": receipt_request(), "With hints": _receipt_request_with_hints()},
            {200: flat},
        ),
        "extractRichReceipt": Examples(
            {"One image": _rich_request(), "With categories": _rich_request_with_labels()},
            {200: rich_receipt()},
        ),
    }


def receipt_request() -> ReceiptRequest:
    """Return a request to read a receipt."""
    return ReceiptRequest(
        tenant_id=TENANT,
        request_id=REQUEST_ID,
        feature="receipt_extraction",
        payload=ReceiptPayload(image_base64=IMAGE),
    )


def _receipt_request_with_hints() -> ReceiptRequest:
    options = ExtractionOptions(default_currency="EUR", country="IE", locale="en-IE")
    payload = ReceiptPayload(image_base64=IMAGE, options=options)
    return receipt_request().model_copy(update={"payload": payload})


def rich_receipt() -> RichReceipt:
    """Return a receipt with two items in the rich shape."""
    return RichReceipt(
        request_id=REQUEST_ID,
        processing_time_ms=1840.5,
        model_version=MODEL,
        extraction=Extraction(
            merchant=_merchant(),
            date=PrintedDate(value="2026-10-03", confidence=0.98, boxes=_on_row(2)),
            time=PrintedText(value="17:42", confidence=0.95, boxes=_on_row(2, left=400)),
            total=Total(
                amount=Decimal("6.78"),
                currency="EUR",
                currency_source="printed",
                confidence=0.97,
                boxes=_on_row(5),
            ),
            line_items=_items(),
            tax_lines=[
                TaxLine(
                    rate=Decimal(7),
                    net=Decimal("6.34"),
                    tax=Decimal("0.44"),
                    gross=Decimal("6.78"),
                    confidence=0.94,
                    boxes=_on_row(6),
                )
            ],
            payments=[
                Payment(
                    method=PaymentMethod.CARD,
                    label="VISA",
                    amount=Decimal("6.78"),
                    last_four="4321",
                    confidence=0.92,
                    boxes=_on_row(7),
                )
            ],
            country=PrintedText(value="IE", confidence=0.9),
            language=PrintedText(value="en", confidence=0.9),
            reconciled=True,
            checks=[
                ArithmeticCheck(
                    name="items",
                    printed=Decimal("6.78"),
                    calculated=Decimal("6.78"),
                    closes=True,
                )
            ],
            raw_ocr_text="Corner Market\nTel. 01 555 0100\n03.10.2026 17:42\n"
            "2 x Whole Milk 1L 1.69 3.38\nRye Bread 3.40\nTOTAL EUR 6.78\n"
            "VAT 7% 6.34 0.44 6.78\nVISA **** 4321 6.78",
            overall_confidence=0.96,
        ),
        pages=[ImagePage(number=1, width=640, height=480)],
    )


def _merchant() -> Merchant:
    phone = PrintedText(value="01 555 0100", confidence=0.94, boxes=_on_row(1))
    return Merchant(name="Corner Market", confidence=0.93, boxes=_on_row(0), phone=phone)


def _items() -> list[LineItem]:
    return [
        LineItem(
            raw_text="2 x Whole Milk 1L 1.69 3.38",
            parsed_name="Whole Milk 1L",
            quantity=Decimal(2),
            unit=None,
            unit_price=Decimal("1.69"),
            total_price=Decimal("3.38"),
            category="Dairy",
            pack=Pack(count=1, size=Decimal(1), unit="l"),
            amount_total=TotalAmount(value=Decimal(2000), unit=BaseUnit.MILLILITRE),
            base_price=BasePrice(amount=Decimal("1.69"), per="l"),
            confidence=0.95,
            boxes=_on_row(3),
        ),
        LineItem(
            raw_text="Rye Bread 3.40",
            parsed_name="Rye Bread",
            quantity=Decimal(1),
            unit=None,
            unit_price=Decimal("3.40"),
            total_price=Decimal("3.40"),
            category="Bakery",
            confidence=0.96,
            boxes=_on_row(4),
        ),
    ]


def _on_row(row: int, left: int = 40) -> list[Box]:
    """Return the place of a row of text on the first page."""
    top, right, bottom = 40 + 50 * row, 600, 70 + 50 * row
    polygon: list[Point] = [(left, top), (right, top), (right, bottom), (left, bottom)]
    return [Box(page=1, polygon=polygon)]


def _rich_request() -> RichReceiptRequest:
    return RichReceiptRequest(account_id=TENANT, request_id=REQUEST_ID, image_base64=IMAGE)


def _rich_request_with_labels() -> RichReceiptRequest:
    return RichReceiptRequest(
        account_id=TENANT,
        image_base64=IMAGE,
        options=ExtractionOptions(candidate_labels=["Produce", "Dairy", "Bakery", "Meat"]),
    )
