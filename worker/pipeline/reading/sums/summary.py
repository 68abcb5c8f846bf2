"""What the rows around the items say of the total: read once, and weighed by every sum."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import permutations

from worker.pipeline.reading.rows.labels import RowKind
from worker.pipeline.reading.rows.layout import ReadRow
from worker.pipeline.reading.rows.numbers import find_amounts

# Taxes and tips together are a smaller part of the goods than this; more is a misread row.
_MOST_ADDED = Decimal("0.4")
# So many taxes, and so many steps of rounding, may be told apart.
_TAXES, _STEPS = 8, 2

AmountsByKind = Mapping[RowKind, Sequence[Decimal]]


class Source(StrEnum):
    """What speaks for an amount to be the total."""

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

    `printed`: every amount above zero that may be the total, from top to bottom. `additions`: what
    may come between the sum of the items and the total; true where that is no tax. The other sets
    hold what the total is by cash and change, by sub-total and tax, and by the table of taxes.
    """

    printed: Sequence[tuple[Decimal, Source]]
    additions: Mapping[Decimal, bool]
    cash_less_change: Set[Decimal]
    subtotal_and_tax: Set[Decimal]
    net_and_tax: Set[Decimal]

    def totals_by_items(self, items_sum: Decimal) -> Mapping[Decimal, bool]:
        """What the total may be by the items, with tax and rounding; true where an amount needs no
        print to be believed."""
        return {
            items_sum + added: certain
            for added, certain in self.additions.items()
            if items_sum > 0 and added <= items_sum * _MOST_ADDED
        }

    def sums_of_items(self, total: Decimal) -> set[Decimal]:
        """What the items may come to, so that this is the total."""
        sums = {total - added: added for added in self.additions}
        return {items for items, added in sums.items() if added <= items * _MOST_ADDED}


def read_summary(rows: Sequence[ReadRow]) -> Summary:
    """Collect the amounts of the summary, and what they add up to."""
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
    # Some tills call the total after rounding "Rounding".
    if kind is RowKind.ROUNDING and not _is_step(amount):
        return Source.SAID
    return _SOURCES.get(kind) if kind else None


def _is_step(rounding: Decimal) -> bool:
    """Whether an amount is the difference that rounding makes, which is under one unit."""
    return abs(rounding) < 1


def _additions(amounts: AmountsByKind, taxes: Set[Decimal]) -> dict[Decimal, bool]:
    steps = {step for step in amounts[RowKind.ROUNDING] if _is_step(step)}
    steps = set(sorted(steps, key=abs)[:_STEPS]) or {Decimal(0)}
    either_way = steps | {-step for step in steps}
    taxed = {tax + step: False for tax in taxes for step in either_way}
    return taxed | dict.fromkeys(either_way, True)


def _added_taxes(amounts: AmountsByKind) -> set[Decimal]:
    """Each tax and charge of the summary, all taxes, all charges, and all of them together."""
    taxes = amounts[RowKind.TAX][-_TAXES:]
    charges = amounts[RowKind.CHARGE][-_TAXES:]
    both = [*taxes, *charges]
    every = {sum(some, Decimal(0)) for some in (taxes, charges, both)}
    return {*both, *every} - {Decimal(0)}


def _net_and_tax(rows: Sequence[ReadRow]) -> set[Decimal]:
    """Sums of net amount and tax over the rows that print both with their sum: of each row, and of
    all of them, for tills repeat them as a total."""
    sums = [gross for row in rows if (gross := _gross(row)) is not None]
    return {*sums, sum(sums, Decimal(0))} if sums else set()


def _gross(row: ReadRow) -> Decimal | None:
    amounts = [amount.value for amount in find_amounts(row.text)]
    if row.kind is RowKind.COUNT or not 3 <= len(amounts) <= 4:
        return None
    sums = (
        gross
        for net, tax, gross in permutations(amounts, 3)
        if net > tax > 0 and net + tax == gross
    )
    return next(sums, None)
