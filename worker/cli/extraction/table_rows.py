"""The rows of the table that `grocery-ai extract --table` writes: one for each item."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from shared.contracts.receipts.extraction import Extraction
from shared.contracts.receipts.items import LineItem

if TYPE_CHECKING:
    from worker.cli.extraction.files import FileReading

Value = str | Decimal | bool | None
# A value for each column, in their order.
Row = tuple[Value, ...]


class Kind(StrEnum):
    """What the values of a column are. A date is text, YYYY-MM-DD."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    DATE = "date"


# Programs find columns by their names, and people by their places: new ones come at the end.
COLUMNS: Mapping[str, Kind] = {
    "file": Kind.TEXT,
    "receipt": Kind.NUMBER,
    "document_type": Kind.TEXT,
    "merchant": Kind.TEXT,
    "date": Kind.DATE,
    "time": Kind.TEXT,
    "country": Kind.TEXT,
    "total": Kind.NUMBER,
    "currency": Kind.TEXT,
    "reconciled": Kind.FLAG,
    "overall_confidence": Kind.NUMBER,
    "item": Kind.NUMBER,
    "kind": Kind.TEXT,
    "name": Kind.TEXT,
    "category": Kind.TEXT,
    "quantity": Kind.NUMBER,
    "unit": Kind.TEXT,
    "unit_price": Kind.NUMBER,
    "total_price": Kind.NUMBER,
    "discount": Kind.NUMBER,
    "pack_count": Kind.NUMBER,
    "pack_size": Kind.NUMBER,
    "pack_unit": Kind.TEXT,
    "amount_total": Kind.NUMBER,
    "amount_unit": Kind.TEXT,
    "base_price": Kind.NUMBER,
    "base_price_per": Kind.TEXT,
    "code": Kind.TEXT,
    "confidence": Kind.NUMBER,
    "page": Kind.NUMBER,
    "error": Kind.TEXT,
    "sha256": Kind.TEXT,
}

# Neither XML nor a row of a table can hold these.
_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]+")


def rows_of(reading: "FileReading", file: str, sha256: str) -> list[Row]:
    """Return a row for each item of each receipt in a file, with what is known of the receipt.

    A receipt without items has a row too, and so has a file that could not be read. `file` is what
    the table calls the file, and `sha256` is of its bytes.
    """
    known = {"file": file, "sha256": sha256}
    if reading.receipt is None:
        error = reading.error
        said = f"{error.code}: {error.detail}" if error else None
        return [_row({**known, "error": said})]
    return [
        _row({**known, **_of_receipt(read, number), **item})
        for number, read in enumerate(reading.receipt.extractions, 1)
        for item in _items(read)
    ]


def _of_receipt(read: Extraction, number: int) -> dict[str, Value | float]:
    return {
        "receipt": Decimal(number),
        "document_type": read.document_type.value,
        "merchant": read.merchant.name,
        "date": read.date.value,
        "time": read.time.value if read.time else None,
        "country": read.country.value if read.country else None,
        "total": read.total.amount,
        "currency": read.total.currency,
        "reconciled": read.reconciled,
        "overall_confidence": read.overall_confidence,
    }


def _items(read: Extraction) -> Iterator[dict[str, Value | float]]:
    if not read.line_items:
        yield {}
    for number, item in enumerate(read.line_items, 1):
        yield {"item": Decimal(number), **_of_item(item), **_amounts(item)}


def _of_item(item: LineItem) -> dict[str, Value | float]:
    return {
        "kind": item.kind.value,
        "name": item.parsed_name,
        "category": item.category,
        "quantity": item.quantity,
        "unit": item.unit,
        "unit_price": item.unit_price,
        "total_price": item.total_price,
        "discount": item.discount,
        "code": item.code,
        "confidence": item.confidence,
        "page": Decimal(item.boxes[0].page) if item.boxes else None,
    }


def _amounts(item: LineItem) -> dict[str, Value | float]:
    found: dict[str, Value | float] = {}
    if item.pack:
        found |= {
            "pack_count": Decimal(item.pack.count),
            "pack_size": item.pack.size,
            "pack_unit": item.pack.unit,
        }
    if item.amount_total:
        found |= {
            "amount_total": item.amount_total.value,
            "amount_unit": item.amount_total.unit.value,
        }
    if item.base_price:
        found |= {"base_price": item.base_price.amount, "base_price_per": item.base_price.per}
    return found


def _row(values: Mapping[str, Value | float]) -> Row:
    return tuple(_value(values.get(name)) for name in COLUMNS)


def _value(value: Value | float) -> Value:
    if isinstance(value, float):
        return Decimal(str(round(value, 4)))
    if isinstance(value, str):
        return _UNWRITABLE.sub(" ", value).strip() or None
    return value
