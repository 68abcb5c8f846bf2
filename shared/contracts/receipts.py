"""Receipts: the request to read one, and the two shapes of the result."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, PlainSerializer, model_validator
from pydantic_core import PydanticCustomError

from shared.contracts.categories import CandidateLabels
from shared.contracts.fields.common import OwnedFields
from shared.contracts.fields.hints import CountryCode, CurrencyCode, CurrencySource, Locale
from shared.contracts.text import CONTRACT_VERSION, Contract

# Amounts are Decimal here and decimal strings on the wire, with all digits that were printed.
Amount = Annotated[Decimal, PlainSerializer(lambda amount: format(amount, "f"), return_type=str)]
# Callers of the flat shape want amounts as JSON numbers.
JsonNumber = Annotated[Decimal, PlainSerializer(float, return_type=float)]
Confidence = Annotated[float, Field(ge=0, le=1)]
ReceiptFeature = Literal["receipt_extraction", "extraction"]


def _missing(value: object) -> bool:
    return value is None


class ReadingHints(Contract):
    """What the caller knows of a receipt, for what its print leaves open. Clear print wins.

    `default_currency` (ISO 4217) is used if no currency is found. `country` (ISO 3166-1) decides
    between 03/04 and 04/03, what `$` and `kr` stand for, whether 1.234 has thousands, and the
    currency if the receipt shows none. `locale` (BCP 47) helps like `country` where that is not
    given, but a receipt that shows no currency gets none from it.
    """

    # A hint that is not given is left out of the stored payload, whose hash then is the one that
    # fronts without hints calculate.
    default_currency: CurrencyCode | None = Field(default=None, exclude_if=_missing)
    country: CountryCode | None = Field(default=None, exclude_if=_missing)
    locale: Locale | None = Field(default=None, exclude_if=_missing)


NO_HINTS = ReadingHints()


class ExtractionOptions(ReadingHints):
    """Options for reading. If `candidate_labels` are given, every line item gets the best one."""

    candidate_labels: CandidateLabels | None = None


class ReceiptPayload(Contract):
    """An image of one receipt, as base64 or as a `data:` URL."""

    image_base64: str
    options: ExtractionOptions = ExtractionOptions()

    @model_validator(mode="before")
    @classmethod
    def _refuse_references(cls, data: Any) -> Any:
        for field in ("image_url", "image_path"):
            if isinstance(data, dict) and data.get(field) is not None:
                raise PydanticCustomError(
                    "image_reference_refused",
                    "{field} is refused: this service fetches nothing, send image_base64",
                    {"field": field},
                )
        return data


class RichReceiptRequest(ReceiptPayload, OwnedFields):
    """The body of `POST /api/v1/receipts/extract`. It needs `account_id` or `tenant_id`."""

    feature: ReceiptFeature = "receipt_extraction"


class Merchant(Contract):
    """The merchant. `name` is as printed, or null."""

    name: str | None
    confidence: Confidence


class PrintedDate(Contract):
    """The date of the purchase. `value` is YYYY-MM-DD (ISO 8601), or null."""

    value: str | None
    confidence: Confidence


class Total(Contract):
    """The amount to pay. `currency` is an ISO 4217 code, or null.

    `currency_source` is `printed` if the receipt shows a sign or the code of the currency,
    `inferred` if other print or a hint suggests it, and `default` if the caller or DEFAULT_CURRENCY
    named it for this case. It is null without a currency, and in results of older versions.
    """

    amount: Amount | None
    currency: str | None
    currency_source: CurrencySource | None = None
    confidence: Confidence


class LineItem(Contract):
    """One item on the receipt. `total_price` is for the line, `unit_price` for one unit."""

    raw_text: str
    parsed_name: str
    quantity: JsonNumber
    unit: str | None
    unit_price: Amount | None
    total_price: Amount | None
    category: str | None = None
    confidence: Confidence


class ArithmeticCheck(Contract):
    """A sum that should equal the total.

    `items` adds the line items, with added tax and rounding; `payment` subtracts the change from
    the cash; `tax` adds net amounts and tax. `calculated` is the closest value that such a sum
    reaches, and `closes` says whether it equals `printed`.
    """

    name: Literal["items", "payment", "tax"]
    printed: Amount
    calculated: Amount
    closes: bool


class Extraction(Contract):
    """Everything that was read from one receipt.

    `reconciled`: the items add up to the total, and something else confirms the total.
    """

    merchant: Merchant
    date: PrintedDate
    total: Total
    line_items: list[LineItem]
    reconciled: bool = False
    checks: list[ArithmeticCheck] = Field(default_factory=list)
    raw_ocr_text: str
    overall_confidence: Confidence


class RichReceipt(Contract):
    """The rich shape: `output_payload` of a receipt job and answer of `/receipts/extract`.

    `model_id` names the engine, `model_version` also its version, and `read_at` is when it was
    done. Outputs that version 0.1.0 stored have neither `model_id` nor `read_at`.
    """

    version: str = CONTRACT_VERSION
    request_id: str | None
    status: Literal["success"] = "success"
    processing_time_ms: float
    model_id: str | None = None
    model_version: str
    read_at: datetime | None = None
    extraction: Extraction


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
