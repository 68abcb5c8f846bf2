"""Decides whether a second reading of a receipt has more evidence than the first."""

from decimal import Decimal

from shared.contracts.receipts.extraction import Extraction

# A total that is less certain may be replaced.
_CERTAIN = 0.8


def is_better(second: Extraction, first: Extraction, *, completed: bool) -> bool:
    """Return whether the second reading gains something and loses nothing.

    A reading that is reconciled gains no more than a date. Otherwise a reading is better if its
    sums close at the same total, or at another if that of the first is doubtful, or if it has a
    total or a date that the first lacks beside the same prices. More items are a gain if it was
    only `completed` with amounts where none had been read.
    """
    gained = len(_prices(second)) - len(_prices(first))
    if gained < 0 or _lost(second, first):
        return False
    if first.reconciled:
        return _gained_date(second, first) and _prices(second) == _prices(first)
    if second.reconciled:
        return True
    if not completed and _prices(second)[: len(_prices(first))] != _prices(first):
        return False
    more = (completed and gained > 0) or _gained_date(second, first) or _gained_total(second, first)
    return more and (first.total.amount is None or _missing(second) <= _missing(first))


def _lost(second: Extraction, first: Extraction) -> bool:
    """Return whether a field of the first reading is gone, or is another one."""
    total, date = first.total, first.date.value
    other_total = total.amount is not None and total.amount != second.total.amount
    return (
        (other_total and (first.reconciled or total.confidence >= _CERTAIN))
        or (other_total and not second.reconciled)
        or (date is not None and date != second.date.value)
        or (first.reconciled and not second.reconciled)
        or (total.currency is not None and total.currency != second.total.currency)
        or (first.merchant.name is not None and first.merchant.name != second.merchant.name)
    )


def _gained_date(second: Extraction, first: Extraction) -> bool:
    return first.date.value is None and second.date.value is not None


def _gained_total(second: Extraction, first: Extraction) -> bool:
    return first.total.amount is None and second.total.amount is not None


def _prices(read: Extraction) -> list[Decimal]:
    return [item.total_price for item in read.line_items if item.total_price is not None]


def _missing(read: Extraction) -> Decimal:
    """Return by how much the items miss the total; 0 if there is no such sum."""
    return sum(
        (abs(check.printed - check.calculated) for check in read.checks if check.name == "items"),
        Decimal(0),
    )
