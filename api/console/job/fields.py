"""The fields of a receipt as the page of a job lists them, and draws them over the image."""

from collections.abc import Iterator
from dataclasses import dataclass

from api.console.pictures.boxes import PagePicture, page_pictures
from shared.contracts.receipts.extraction import Extraction
from shared.contracts.receipts.items import LineItem
from shared.contracts.receipts.printed import Box, Merchant, Printed
from shared.contracts.receipts.rich import RichReceipt
from shared.contracts.receipts.sums import Payment, TaxLine


@dataclass(frozen=True)
class Field:
    """A printed field. `id` joins its row in a table and its boxes on the image."""

    id: str
    name: str
    text: str
    printed: Printed


@dataclass(frozen=True)
class ReceiptFields:
    """One receipt of the image: its fields, and the rows of its tables with their ids."""

    extraction: Extraction
    fields: list[Field]
    items: list[tuple[str, LineItem]]
    taxes: list[tuple[str, TaxLine]]
    payments: list[tuple[str, Payment]]

    def boxes(self) -> Iterator[tuple[str, str, Box]]:
        """Yield every box, with the id and the name of its field."""
        for field in self.fields:
            yield from ((field.id, f"{field.name}: {field.text}", box) for box in _boxes(field))
        for name, rows in (("item", self.items), ("tax", self.taxes), ("payment", self.payments)):
            for key, row in rows:
                text = row.parsed_name if isinstance(row, LineItem) else ""
                yield from ((key, f"{name} {text}".strip(), box) for box in row.boxes)


def receipt_fields(receipt: RichReceipt) -> list[ReceiptFields]:
    """Return the fields of each receipt in the image."""
    return [
        ReceiptFields(
            extraction,
            list(_fields(extraction, number)),
            [(f"r{number}-item-{row}", item) for row, item in enumerate(extraction.line_items)],
            [(f"r{number}-tax-{row}", tax) for row, tax in enumerate(extraction.tax_lines)],
            [(f"r{number}-payment-{row}", paid) for row, paid in enumerate(extraction.payments)],
        )
        for number, extraction in enumerate(receipt.extractions, start=1)
    ]


def pictures_of(receipt: RichReceipt, shown: list[ReceiptFields]) -> list[PagePicture]:
    """Return the pages of the image with the boxes of all receipts."""
    return page_pictures(receipt.pages, [box for fields in shown for box in fields.boxes()])


def _boxes(field: Field) -> list[Box]:
    return field.printed.boxes


def _fields(extraction: Extraction, number: int) -> Iterator[Field]:
    for name, value in _printed(extraction):
        text = _text(value)
        if text is not None:
            yield Field(f"r{number}-{name}", name.replace("_", " "), text, value)


def _printed(extraction: Extraction) -> Iterator[tuple[str, Printed]]:
    for name in Extraction.model_fields:
        value = getattr(extraction, name)
        if isinstance(value, Printed):
            yield name, value
        if isinstance(value, Merchant):
            for part in ("address", "phone", "tax_id", "web"):
                if isinstance(found := getattr(value, part), Printed):
                    yield part, found


def _text(printed: Printed) -> str | None:
    """Return what stands there, or None if nothing was found."""
    for name in ("value", "name", "amount"):
        if (value := getattr(printed, name, None)) is not None:
            currency = getattr(printed, "currency", None)
            return f"{value} {currency}" if currency else str(value)
    return None
