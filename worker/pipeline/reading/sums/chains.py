"""Finds totals that replace an earlier one: after service and taxes, savings, or rounding."""

from bisect import bisect
from collections.abc import Iterator, Sequence, Set
from decimal import Decimal
from itertools import product

from worker.pipeline.reading.rows.labels import RowKind
from worker.pipeline.reading.rows.layout import ReadRow

# The rows between two totals that may change the amount.
_CHANGING = (RowKind.TAX, RowKind.CHARGE, RowKind.ROUNDING, RowKind.NOTE)
_TOTALS = frozenset({RowKind.TOTAL, RowKind.SUBTOTAL, RowKind.PAYMENT})
# More rows than this between two totals are no addition.
_MOST = 8
# A total replaces none that is more than so many totals and payments above it.
_NEAREST = 12


def replaced_totals(
    rows: Sequence[ReadRow], handed_over: Set[Decimal]
) -> Iterator[tuple[Decimal, Decimal]]:
    """Yield an earlier total and the later one, which is higher by taxes and charges between them,
    lower by savings, or rounded.

    `handed_over` has the amounts that are no total although they were paid.
    """
    changing = [at for at, row in enumerate(rows) if row.amount and row.kind in _CHANGING]
    for first, last in _pairs(rows):
        earlier, later = rows[first].value, rows[last].value
        between = changing[bisect(changing, first) : bisect(changing, last)]
        if later == earlier or later in handed_over or len(between) > _MOST:
            continue
        if later - earlier in _changes([rows[at] for at in between]):
            yield earlier, later


def _pairs(rows: Sequence[ReadRow]) -> Iterator[tuple[int, int]]:
    """Yield the rows of an amount that may be replaced, and of one near below that may replace
    it."""
    totals = [at for at, row in enumerate(rows) if row.amount and row.kind in _TOTALS]
    for number, first in enumerate(totals):
        if rows[first].kind is not RowKind.PAYMENT:
            below = totals[number + 1 : number + 1 + _NEAREST]
            yield from ((first, last) for last in below if rows[last].kind is not RowKind.SUBTOTAL)


def _changes(rows: Sequence[ReadRow]) -> set[Decimal]:
    """Return the amounts by which the rows may change a total, each kind as a whole or singly."""
    by_kind = {kind: [row for row in rows if row.kind is kind] for kind in _CHANGING}
    sums = [_sums(kind, of_kind) for kind, of_kind in by_kind.items()]
    together = {sum(choice, Decimal(0)) for choice in product(*sums)}
    singly = {_signed(row) for of_kind in by_kind.values() for row in of_kind}
    return (singly | together) - {Decimal(0)}


def _sums(kind: RowKind, rows: Sequence[ReadRow]) -> set[Decimal]:
    """Return 0, and the sum of rows of one kind; the sign of roundings is often left out."""
    whole = sum(map(_signed, rows), Decimal(0))
    return {Decimal(0), whole, -whole} if kind is RowKind.ROUNDING else {Decimal(0), whole}


def _signed(row: ReadRow) -> Decimal:
    # Savings may be printed without their minus sign.
    return -abs(row.value) if row.kind is RowKind.NOTE else row.value
