"""Decides what kind of document was read."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import takewhile

from shared.contracts.receipts.extraction import DocumentType
from worker.pipeline.knowledge.fields.details import load_details
from worker.pipeline.knowledge.patterns import any_of, whole
from worker.pipeline.reading.details.sheet import Sheet
from worker.pipeline.reading.rows.labels import RowKind
from worker.pipeline.reading.rows.layout import ReadRow
from worker.pipeline.words.folding import folded

_SUMS = frozenset({RowKind.TOTAL, RowKind.SUBTOTAL, RowKind.PAYMENT, RowKind.CHANGE, RowKind.TAX})


def document_type(sheet: Sheet, *, is_paid: bool) -> DocumentType:
    """Return the type of the document. A refund has a negative total, or a row that names it one.

    Below the goods such a row is the heading of the shop's policy, unless goods came back.
    An invoice is paid later; tills also call a paid bill an invoice. Without a total and
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
    came_back = any(item.total_price < 0 for item in sheet.ledger.items)
    titles = sheet.around if came_back else _head(sheet)
    if any(_refund().fullmatch(folded(row.printed).strip(" *-=#:!.")) for row in titles):
        return DocumentType.REFUND
    if not is_paid and any(_invoice().search(folded(row.printed)) for row in sheet.around):
        return DocumentType.INVOICE
    return DocumentType.RECEIPT


def _head(sheet: Sheet) -> Iterator[ReadRow]:
    """Return the rows above the goods; without goods, those above the sums."""
    return takewhile(lambda row: row.kind not in _SUMS, sheet.header)


@cache
def _refund() -> re.Pattern[str]:
    return re.compile(any_of(load_details().documents.refund), re.IGNORECASE)


@cache
def _invoice() -> re.Pattern[str]:
    return re.compile(whole(load_details().documents.invoice), re.IGNORECASE)
