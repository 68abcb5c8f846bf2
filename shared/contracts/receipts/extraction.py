"""Everything that is read from a receipt."""

from enum import StrEnum

from pydantic import Field

from shared.contracts.receipts.amounts import Confidence
from shared.contracts.receipts.items import LineItem
from shared.contracts.receipts.printed import (
    Merchant,
    PrintedAmount,
    PrintedDate,
    PrintedText,
    Total,
)
from shared.contracts.receipts.sums import ArithmeticCheck, Payment, TaxLine
from shared.contracts.text import Contract


class DocumentType(StrEnum):
    """What was read: a receipt, a refund, an invoice, or something else."""

    RECEIPT = "receipt"
    REFUND = "refund"
    INVOICE = "invoice"
    OTHER = "other"


class Extraction(Contract):
    """Everything that was read from one receipt. What is not printed is null, or an empty list.

    `reconciled`: the items add up to the total, something else confirms it, and nothing that is
    printed contradicts it or was left out. `time` is
    HH:MM or HH:MM:SS, `country` a code of ISO 3166-1, `language` one of ISO 639-1.
    """

    document_type: DocumentType = DocumentType.RECEIPT
    merchant: Merchant
    date: PrintedDate
    time: PrintedText | None = None
    total: Total
    line_items: list[LineItem]
    subtotal: PrintedAmount | None = None
    tax_lines: list[TaxLine] = Field(default_factory=list)
    service: PrintedAmount | None = None
    tip: PrintedAmount | None = None
    rounding: PrintedAmount | None = None
    payments: list[Payment] = Field(default_factory=list)
    change: PrintedAmount | None = None
    receipt_number: PrintedText | None = None
    store_number: PrintedText | None = None
    till_number: PrintedText | None = None
    country: PrintedText | None = None
    language: PrintedText | None = None
    reconciled: bool = False
    checks: list[ArithmeticCheck] = Field(default_factory=list)
    raw_ocr_text: str
    overall_confidence: Confidence
