"""Finds totals that replace an earlier one: after service and taxes, savings, or rounding."""

from collections.abc import Iterator, Sequence, Set
from decimal import Decimal
from itertools import combinations, product

from worker.pipeline.reading.rows.labels import RowKind
from worker.pipeline.reading.rows.layout import ReadRow

# The rows between two totals that may change the amount.
_CHANGING = (RowKind.TAX, RowKind.CHARGE, RowKind.ROUNDING, RowKind.NOTE)
# More rows than this between two totals are no addition.
_MOST = 8


def replaced_totals(
    rows: Sequence[ReadRow], handed_over: Set[Decimal]
) -> Iterator[tuple[Decimal, Decimal]]:
    """Yield an earlier total and the later one, which is higher by taxes and charges between them,
    lower by savings, or rounded.

    `handed_over` has the amounts that are no total although they were paid.
    """
    totals = [
        (at, row.amount.value)
        for at, row in enumerate(rows)
        if row.amount and row.kind in (RowKind.TOTAL, RowKind.SUBTOTAL, RowKind.PAYMENT)
    ]
    for (first, earlier), (last, later) in combinations(totals, 2):
        if (
            RowKind.PAYMENT is rows[first].kind
            or RowKind.SUBTOTAL is rows[last].kind
            or later in {earlier, *handed_over}
        ):
            continue
        if later - earlier in changes(rows[first + 1 : last]):
            yield earlier, later


def changes(rows: Sequence[ReadRow]) -> set[Decimal]:
    """Return the amounts by which the rows may change a total, each kind as a whole or singly."""
    by_kind = {kind: [row for row in rows if row.kind is kind and row.amount] for kind in _CHANGING}
    if sum(map(len, by_kind.values())) > _MOST:
        return set()
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
