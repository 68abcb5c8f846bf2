"""Decides what kind of document was read."""

import re
from functools import cache

from shared.contracts.receipts.extraction import DocumentType
from worker.pipeline.knowledge.fields.details import load_details
from worker.pipeline.knowledge.patterns import any_of, whole
from worker.pipeline.reading.details.sheet import Sheet
from worker.pipeline.reading.rows.labels import RowKind
from worker.pipeline.words.folding import folded

_SUMS = frozenset({RowKind.TOTAL, RowKind.SUBTOTAL, RowKind.PAYMENT, RowKind.CHANGE, RowKind.TAX})


def document_type(sheet: Sheet, *, is_paid: bool) -> DocumentType:
    """Return the type of the document. A refund has a negative total, or a row that names it one.

    An invoice is paid later, while tills, too, call what was paid an invoice. Without a total and
    without goods it is no receipt at all.
    """
    total = sheet.total
    if (
        total is None
        and not sheet.ledger.items
        and not any(row.kind in _SUMS for row in sheet.rows)
    ):
        return DocumentType.OTHER
    if total is not None and total < 0:
        return DocumentType.REFUND
    if any(_refund().fullmatch(folded(row.printed).strip(" *-=#:!.")) for row in sheet.around):
        return DocumentType.REFUND
    if not is_paid and any(_invoice().search(folded(row.printed)) for row in sheet.around):
        return DocumentType.INVOICE
    return DocumentType.RECEIPT


@cache
def _refund() -> re.Pattern[str]:
    return re.compile(any_of(load_details().documents.refund), re.IGNORECASE)


@cache
def _invoice() -> re.Pattern[str]:
    return re.compile(whole(load_details().documents.invoice), re.IGNORECASE)
