"""Adds every further field that is printed to what was read of a receipt."""

from collections.abc import Callable

from shared.contracts.receipts.extraction import Extraction
from shared.contracts.receipts.printed import PrintedText
from worker.pipeline.reading.details.addresses import shop_address
from worker.pipeline.reading.details.amounts import change, rounding, service, subtotal, tip
from worker.pipeline.reading.details.contacts import phone, tax_id, web
from worker.pipeline.reading.details.documents import document_type
from worker.pipeline.reading.details.found import merchant_words, spans_of, total_words
from worker.pipeline.reading.details.numbers import receipt_number, store_number, till_number
from worker.pipeline.reading.details.payments import payments
from worker.pipeline.reading.details.sheet import Sheet, sheet_of
from worker.pipeline.reading.details.taxes import tax_lines
from worker.pipeline.reading.details.times import purchase_time
from worker.pipeline.reading.fields.countries import FoundCountry
from worker.pipeline.reading.places import Places
from worker.pipeline.reading.sums.ledger import Ledger


def with_details(
    read: Extraction,
    country: FoundCountry,
    ledger: Ledger,
    places: Places,
    is_date: Callable[[str], bool],
) -> Extraction:
    """Return what was read with the other fields, and with the places of merchant, date and total.

    `is_date` says whether a text has the date of the purchase.
    """
    sheet = sheet_of(ledger, places)
    given_back = change(sheet)
    paid = payments(sheet, given_back.amount if given_back else None)
    of_date = spans_of(sheet.rows, is_date) if read.date.value else []
    total = {"boxes": sheet.boxes(total_words(sheet))}
    date = {"boxes": sheet.boxes(of_date[0].words if of_date else [])}
    return read.model_copy(
        update={
            "document_type": document_type(sheet, is_paid=bool(paid)),
            "merchant": read.merchant.model_copy(update=_contacts(sheet, read.merchant.name)),
            "date": read.date.model_copy(update=date),
            "time": purchase_time(sheet, of_date),
            "total": read.total.model_copy(update=total),
            "subtotal": subtotal(sheet),
            "tax_lines": tax_lines(sheet),
            "service": service(sheet),
            "tip": tip(sheet),
            "rounding": rounding(sheet),
            "payments": paid,
            "change": given_back,
            "receipt_number": receipt_number(sheet),
            "store_number": store_number(sheet),
            "till_number": till_number(sheet),
            "country": _country(country),
        }
    )


def _country(found: FoundCountry) -> PrintedText | None:
    """Return the country that the print suggests; it is inferred, and has no place."""
    if found.code is None:
        return None
    return PrintedText(value=found.code, confidence=round(found.confidence, 3))


def _contacts(sheet: Sheet, name: str | None) -> dict[str, object]:
    """Return the fields of the merchant beside the name."""
    return {
        "boxes": sheet.boxes(merchant_words(sheet, name) if name else []),
        "address": shop_address(sheet, name),
        "phone": phone(sheet),
        "tax_id": tax_id(sheet),
        "web": web(sheet),
    }
