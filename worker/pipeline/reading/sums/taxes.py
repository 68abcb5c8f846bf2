"""Recognises rows of taxes by their arithmetic: a rate, and net, tax and gross that agree."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import permutations

from worker.pipeline.reading.rows.labels import RowKind
from worker.pipeline.reading.rows.layout import ReadRow
from worker.pipeline.reading.rows.numbers import RATE, find_amounts

# Tills round the tax of each item, so that the sum is a little off.
_ROUNDED = Decimal("0.02")


def with_taxes(rows: Sequence[ReadRow]) -> list[ReadRow]:
    """Mark the rows of tables of taxes below the items, and taxes on what stands above them."""
    marked, so_far = list(rows), Decimal(0)
    is_below = False
    for at, row in enumerate(rows):
        is_sum = row.kind is RowKind.TOTAL and marked[at - 1].kind is RowKind.TAX
        if is_sum and gross_of(row) is not None:
            marked[at] = replace(row, kind=RowKind.TAX, is_inferred=True)
        elif is_below and (_agrees_with_rate(row) or _is_share(row, so_far)):
            marked[at] = row.inferred(RowKind.TAX)
        is_below = is_below or row.is_summary
        so_far += row.value if marked[at].may_be_item else 0
    return marked


def _agrees_with_rate(row: ReadRow) -> bool:
    """Return whether two amounts of a row are related by its rate."""
    amounts = [amount.value for amount in find_amounts(row.text)]
    return any(
        any(_by_rate(pair, rate)) for rate in _rates(row) for pair in permutations(amounts, 2)
    )


def _is_share(row: ReadRow, amount: Decimal) -> bool:
    """Return whether the amount of a row is the printed rate of another amount."""
    return row.value > 0 and any(_is_near(row.value, amount * rate) for rate in _rates(row))


def gross_of(row: ReadRow) -> Decimal | None:
    """Return the gross amount of a row of a table of taxes, or None if the row is none.

    It has net, tax and gross in any order, or a rate with two of these that agree with it.
    """
    if row.kind is RowKind.COUNT:
        return None
    amounts = [amount.value for amount in find_amounts(row.text)]
    if 3 <= len(amounts) <= 4:
        return next(_sums(amounts), None)
    if len(amounts) == 2:
        return next((gross for rate in _rates(row) for gross in _by_rate(amounts, rate)), None)
    return None


def gross_amounts(rows: Sequence[ReadRow]) -> set[Decimal]:
    """Return the gross amounts of the rows of taxes, and their sum.

    A single row counts by itself because some tills add a row with the sums.
    """
    sums = [gross for row in rows if (gross := gross_of(row)) is not None]
    return {*sums, sum(sums, Decimal(0))} if sums else set()


def _rates(row: ReadRow) -> list[Decimal]:
    """Return the rates of a row as fractions above zero."""
    found = (Decimal(match[1].replace(",", ".")) / 100 for match in RATE.finditer(row.text))
    return [rate for rate in found if rate]


def _sums(amounts: Sequence[Decimal]) -> Iterator[Decimal]:
    for net, tax, gross in permutations(amounts, 3):
        if abs(net) > abs(tax) > 0 and net + tax == gross:
            yield gross


def _by_rate(amounts: Sequence[Decimal], rate: Decimal) -> Iterator[Decimal]:
    """Yield the gross amount if one of two amounts is the tax at a rate on the other."""
    for tax, other in permutations(amounts, 2):
        if tax and _is_near(tax, other * rate):
            yield other + tax
        if tax and _is_near(tax, other * rate / (1 + rate)):
            yield other


def _is_near(amount: Decimal, exact: Decimal) -> bool:
    # Where amounts have no decimals, they are rounded to the unit.
    whole = amount == amount.to_integral_value() and abs(amount) >= 10
    return abs(amount - exact) <= (Decimal("0.51") if whole else _ROUNDED)
