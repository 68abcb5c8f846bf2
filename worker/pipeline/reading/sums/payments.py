"""Finds what was paid: cash less change, and parts that were paid in different ways."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from worker.pipeline.reading.rows.labels import RowKind
from worker.pipeline.reading.rows.layout import ReadRow

# The most parts in which a receipt is paid.
_PARTS = 4
_TOTALS = (RowKind.TOTAL, RowKind.SUBTOTAL)


@dataclass(frozen=True)
class Payments:
    """What the rows of payments say about the total.

    `handed_over` has the cash for which change was given, which is not what was paid.
    `less_change` has what was paid by cash and change, and `in_parts` the sums of several payments.
    """

    handed_over: Set[Decimal]
    less_change: Set[Decimal]
    in_parts: Set[Decimal]


def read_payments(rows: Sequence[ReadRow]) -> Payments:
    """Relate payments and change."""
    paid = _amounts(rows, RowKind.PAYMENT)
    given = {abs(amount) for amount in _amounts(rows, RowKind.CHANGE)}
    # Beside other cash that was handed out, no change says nothing.
    change = given - {Decimal(0)} or given
    totals = {amount for kind in _TOTALS for amount in _amounts(rows, kind)}
    parts = {
        sum(paid[first:last], Decimal(0))
        for first in range(len(paid))
        for last in range(first + 2, min(first + _PARTS, len(paid)) + 1)
    }
    alone = _less(paid, change)
    less = {**_less(parts, change), **alone}
    with_change = {amount: whole for amount, whole in less.items() if amount != whole}
    # A change of which no total is left belongs to another payment.
    agreeing = {whole for amount, whole in with_change.items() if amount in totals}
    return Payments(
        handed_over=agreeing or set(with_change.values()),
        less_change=alone.keys() | (less.keys() & totals),
        in_parts=parts,
    )


def _less(paid: Sequence[Decimal] | Set[Decimal], change: Set[Decimal]) -> dict[Decimal, Decimal]:
    """Return what was paid by what is left of it after the change."""
    return {whole - back: whole for whole in paid for back in change if whole > back}


def _amounts(rows: Sequence[ReadRow], kind: RowKind) -> list[Decimal]:
    return [row.value for row in rows if row.amount and row.kind is kind]


def with_payments(rows: Sequence[ReadRow]) -> list[ReadRow]:
    """Mark the rows below the highest total that repeat it or are parts of it, and cash with its
    change."""
    totals = [(row.value, -at) for at, row in enumerate(rows) if row.amount and row.kind in _TOTALS]
    if not totals:
        return list(rows)
    total, place = max(totals)
    marked = list(rows)
    below = [at for at in range(1 - place, len(rows)) if rows[at].value]
    for at in below:
        if rows[at].value == total:
            marked[at] = rows[at].inferred(RowKind.PAYMENT)
    for first, second in pairwise(below):
        kind = _second_kind(rows[first], rows[second], total)
        if kind:
            marked[first] = rows[first].inferred(RowKind.PAYMENT)
            marked[second] = rows[second].inferred(kind)
    return marked


def _second_kind(first: ReadRow, second: ReadRow, total: Decimal) -> RowKind | None:
    """Return what the second of two rows is if they make the total; the first is a payment."""
    if first.kind not in (None, RowKind.PAYMENT) or first.value <= 0:
        return None
    if first.value - abs(second.value) == total and second.kind in (None, RowKind.CHANGE):
        return RowKind.CHANGE
    # Without a word, the second may as well be what is left after a saving.
    kinds = {first.kind, second.kind}
    is_paid = RowKind.PAYMENT in kinds and kinds <= {None, RowKind.PAYMENT}
    return RowKind.PAYMENT if is_paid and first.value + second.value == total else None
