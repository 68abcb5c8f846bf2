"""Collects what the rows around the items say about the total."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import permutations

from worker.pipeline.reading.rows.labels import RowKind
from worker.pipeline.reading.rows.layout import ReadRow
from worker.pipeline.reading.rows.numbers import find_amounts

# Taxes and tips together are at most this fraction of the goods; more is a misread row.
_MOST_ADDED = Decimal("0.4")
# The most taxes, and the most steps of rounding, that are considered.
_TAXES, _STEPS = 8, 2

AmountsByKind = Mapping[RowKind, Sequence[Decimal]]


class Source(StrEnum):
    """Evidence that an amount is the total."""

    SAID = "said"
    PAID = "paid"
    SUBTOTAL = "subtotal"
    CASH_LESS_CHANGE = "cash less change"
    SUBTOTAL_AND_TAX = "subtotal and tax"
    ITEMS = "items"
    MISREAD = "a digit too many or too few"


_SOURCES = {
    RowKind.TOTAL: Source.SAID,
    RowKind.PAYMENT: Source.PAID,
    RowKind.SUBTOTAL: Source.SUBTOTAL,
}


@dataclass(frozen=True)
class Summary:
    """The amounts of a receipt that its total should agree with.

    `printed` has every amount above zero that may be the total, from top to bottom. `additions`
    has what may be added to the sum of the items, and True if that is not a tax. The other sets
    hold the totals by cash and change, by sub-total and tax, and by the table of taxes.
    """

    printed: Sequence[tuple[Decimal, Source]]
    additions: Mapping[Decimal, bool]
    cash_less_change: Set[Decimal]
    subtotal_and_tax: Set[Decimal]
    net_and_tax: Set[Decimal]

    def totals_by_items(self, items_sum: Decimal) -> Mapping[Decimal, bool]:
        """Return what the total may be by the items, with tax and rounding.

        The value is True if the amount is believed even if it is not printed.
        """
        return {
            items_sum + added: certain
            for added, certain in self.additions.items()
            if items_sum > 0 and added <= items_sum * _MOST_ADDED
        }

    def sums_of_items(self, total: Decimal) -> set[Decimal]:
        """Return what the items may come to if `total` is the total."""
        sums = {total - added: added for added in self.additions}
        return {items for items, added in sums.items() if added <= items * _MOST_ADDED}


def read_summary(rows: Sequence[ReadRow]) -> Summary:
    """Collect the amounts of the summary, and the totals that follow from them."""
    amounts = {
        kind: [row.amount.value for row in rows if row.amount and row.kind is kind]
        for kind in RowKind
    }
    taxes = _added_taxes(amounts)
    return Summary(
        printed=list(_printed(rows)),
        additions=_additions(amounts, taxes),
        cash_less_change={
            paid - abs(change)
            for paid in amounts[RowKind.PAYMENT]
            for change in amounts[RowKind.CHANGE]
            if paid > abs(change)
        },
        subtotal_and_tax={
            subtotal + tax for subtotal in amounts[RowKind.SUBTOTAL] for tax in taxes
        },
        net_and_tax=_net_and_tax(rows),
    )


def _printed(rows: Sequence[ReadRow]) -> Iterator[tuple[Decimal, Source]]:
    amounts = ((row.kind, row.amount.value) for row in rows if row.amount)
    for kind, amount in amounts:
        source = _source(kind, amount)
        if source and amount > 0:
            yield amount, source


def _source(kind: RowKind | None, amount: Decimal) -> Source | None:
    # Some tills label the total after rounding "Rounding".
    if kind is RowKind.ROUNDING and not _is_step(amount):
        return Source.SAID
    return _SOURCES.get(kind) if kind else None


def _is_step(rounding: Decimal) -> bool:
    """Return whether an amount is the difference from rounding, which is less than one unit."""
    return abs(rounding) < 1


def _additions(amounts: AmountsByKind, taxes: Set[Decimal]) -> dict[Decimal, bool]:
    steps = {step for step in amounts[RowKind.ROUNDING] if _is_step(step)}
    steps = set(sorted(steps, key=abs)[:_STEPS]) or {Decimal(0)}
    either_way = steps | {-step for step in steps}
    taxed = {tax + step: False for tax in taxes for step in either_way}
    return taxed | dict.fromkeys(either_way, True)


def _added_taxes(amounts: AmountsByKind) -> set[Decimal]:
    """Return each tax and each charge, and the sums of the taxes, of the charges and of both."""
    taxes = amounts[RowKind.TAX][-_TAXES:]
    charges = amounts[RowKind.CHARGE][-_TAXES:]
    both = [*taxes, *charges]
    every = {sum(some, Decimal(0)) for some in (taxes, charges, both)}
    return {*both, *every} - {Decimal(0)}


def _net_and_tax(rows: Sequence[ReadRow]) -> set[Decimal]:
    """Return the gross amounts of the rows that have net, tax and gross, and their sum.

    A single row counts by itself because some tills add a row with the sums.
    """
    sums = [gross for row in rows if (gross := _gross(row)) is not None]
    return {*sums, sum(sums, Decimal(0))} if sums else set()


def _gross(row: ReadRow) -> Decimal | None:
    """Return the amount of a row that is the sum of two others, if there is one."""
    amounts = [amount.value for amount in find_amounts(row.text)]
    if row.kind is RowKind.COUNT or not 3 <= len(amounts) <= 4:
        return None
    sums = (
        gross
        for net, tax, gross in permutations(amounts, 3)
        if net > tax > 0 and net + tax == gross
    )
    return next(sums, None)
