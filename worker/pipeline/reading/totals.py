"""The total: the row that says so, and the arithmetic that has to agree with it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from worker.pipeline.reading.layout import ReadRow
from worker.pipeline.reading.lexicon import RowKind

# What each piece of evidence is worth. A sum that comes out is worth more than a word.
_SAYS = {RowKind.TOTAL: 3, RowKind.PAYMENT: 2, RowKind.SUBTOTAL: 1}
_CASH_LESS_CHANGE = 4
_ITEMS_ADD_UP = 4
_STRONGEST = 10
# Confidence in a total that is printed nowhere and only follows from the items.
_ONLY_CALCULATED = 0.3


@dataclass(frozen=True)
class FoundTotal:
    """The amount to pay, and how well the evidence agrees (0 to 1)."""

    amount: Decimal
    confidence: float


def find_total(rows: Sequence[ReadRow], items_sum: Decimal) -> FoundTotal | None:
    """The amount with the most evidence; of equals the one printed last."""
    evidence: Counter[Decimal] = Counter()
    printed: dict[Decimal, int] = {}
    for index, row in enumerate(rows):
        if row.amount and row.amount.value > 0 and (weight := _weight(row)):
            evidence[row.amount.value] += weight
            printed[row.amount.value] = index
    for difference in _cash_less_change(rows):
        evidence[difference] += _CASH_LESS_CHANGE
    for expected in _rounded(items_sum, rows):
        evidence[expected] += _ITEMS_ADD_UP
    if not evidence:
        return None
    amount = max(evidence, key=lambda value: (evidence[value], printed.get(value, -1)))
    if amount not in printed and evidence[amount] <= _ITEMS_ADD_UP:
        return FoundTotal(amount, _ONLY_CALCULATED)
    return FoundTotal(amount, min(0.5 + evidence[amount] / _STRONGEST / 2, 0.99))


def _weight(row: ReadRow) -> int:
    kind = _says(row)
    return _SAYS.get(kind, 0) if kind else 0


def _says(row: ReadRow) -> RowKind | None:
    # Some tills call the total after rounding "Rounding"; the difference itself is under one unit.
    if row.kind is RowKind.ROUNDING and row.amount and abs(row.amount.value) >= 1:
        return RowKind.TOTAL
    return row.kind


def _rounded(items_sum: Decimal, rows: Sequence[ReadRow]) -> set[Decimal]:
    """The sum of the items, up and down by what the receipt says was rounded."""
    if items_sum <= 0:
        return set()
    steps = {r.amount.value for r in rows if _says(r) is RowKind.ROUNDING and r.amount}
    return {items_sum + sign * step for step in steps or {Decimal(0)} for sign in (1, -1)}


def _cash_less_change(rows: Sequence[ReadRow]) -> set[Decimal]:
    paid = [r.amount.value for r in rows if r.kind is RowKind.PAYMENT and r.amount]
    change = [abs(r.amount.value) for r in rows if r.kind is RowKind.CHANGE and r.amount]
    return {p - c for p in paid for c in change if p > c}
