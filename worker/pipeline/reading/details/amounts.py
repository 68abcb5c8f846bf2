"""Finds the amounts between the goods and the payments: sub-total, service, tip, rounding."""

import re
from decimal import Decimal
from functools import cache

from shared.contracts.receipts.printed import PrintedAmount
from worker.pipeline.knowledge.fields.details import load_details
from worker.pipeline.knowledge.patterns import Phrases, whole
from worker.pipeline.reading.details.sheet import Sheet
from worker.pipeline.reading.rows.labels import RowKind
from worker.pipeline.reading.rows.layout import ReadRow

# A larger part of the total than one in so many is no rounding.
_LEAST = 50
_PROVED, _FAIR, _DOUBTFUL = 0.97, 0.88, 0.75


def subtotal(sheet: Sheet) -> PrintedAmount | None:
    """Return the sub-total, the one that the goods come to if there are several."""
    rows = _rows(sheet, RowKind.SUBTOTAL)
    for row, amount in rows:
        if amount == sheet.ledger.items_sum:
            return sheet.amount(row, amount, _PROVED)
    if not rows:
        return None
    row, amount = rows[-1]
    return sheet.amount(row, amount, _FAIR if len(rows) == 1 else _DOUBTFUL)


def service(sheet: Sheet) -> PrintedAmount | None:
    """Return the charge for service."""
    return _added(sheet, load_details().added.service)


def tip(sheet: Sheet) -> PrintedAmount | None:
    """Return the tip."""
    return _added(sheet, load_details().added.tip)


def rounding(sheet: Sheet) -> PrintedAmount | None:
    """Return what rounding added to the total; its sign is that of the sums if they show it."""
    for row, amount in _rows(sheet, RowKind.ROUNDING):
        if abs(amount) >= 1 and abs(amount) * _LEAST > abs(sheet.total or Decimal(0)):
            continue
        apart = None if sheet.total is None else sheet.total - sheet.ledger.items_sum
        if amount and apart == -amount:
            return sheet.amount(row, -amount, _DOUBTFUL)
        return sheet.amount(row, amount, _PROVED if apart == amount else _FAIR)
    return None


def change(sheet: Sheet) -> PrintedAmount | None:
    """Return the change. It is never negative, however it is printed."""
    rows = _rows(sheet, RowKind.CHANGE)
    if not rows:
        return None
    row, amount = rows[0]
    paid = [row.amount.value for row in sheet.footer if row.amount]
    total = sheet.total
    closes = total is not None and total + abs(amount) in paid
    return sheet.amount(row, abs(amount), _PROVED if closes else _DOUBTFUL)


def _added(sheet: Sheet, words: Phrases) -> PrintedAmount | None:
    for row, amount in _rows(sheet, RowKind.CHARGE):
        if amount > 0 and _pattern(words).search(row.printed):
            return sheet.amount(row, amount, _FAIR)
    return None


def _rows(sheet: Sheet, kind: RowKind) -> list[tuple[ReadRow, Decimal]]:
    return [(row, row.amount.value) for row in sheet.rows if row.kind is kind and row.amount]


@cache
def _pattern(words: Phrases) -> re.Pattern[str]:
    return re.compile(whole(words), re.IGNORECASE)
