"""Collects what the rows around the items say about the total."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from statistics import median

from worker.pipeline.reading.rows.labels import RowKind
from worker.pipeline.reading.rows.layout import ReadRow
from worker.pipeline.reading.sums.chains import replaced_totals
from worker.pipeline.reading.sums.payments import Payments, read_payments
from worker.pipeline.reading.sums.taxes import gross_amounts

# Taxes and tips together are at most this fraction of the goods; more is a misread row.
_MOST_ADDED = Decimal("0.4")
# The most taxes, and the most steps of rounding, that are considered.
_TAXES, _STEPS = 8, 2
# Rounding is less than this fraction of the total.
_LITTLE = Decimal("0.005")
# Print is large from this multiple of the median height of rows with amounts.
_LARGE = 1.35

AmountsByKind = Mapping[RowKind, Sequence[Decimal]]


class Source(StrEnum):
    """Evidence that an amount is the total."""

    SAID = "said"
    PAID = "paid"
    SUBTOTAL = "subtotal"
    REPEATED = "repeated without a known word"
    LARGE = "large print"
    LATER = "an earlier total with what was added or saved"
    CASH_LESS_CHANGE = "cash less change"
    SUBTOTAL_AND_TAX = "subtotal and tax"
    TAX_TABLE = "gross amounts of the taxes"
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

    `printed` has every amount that may be the total, from top to bottom, and `large` those in large
    print. `additions` has what may be added to the sum of the items. `replaced` has the totals
    with a later one by earlier total. The other sets hold the totals by sub-total and tax, and by
    the table of taxes.
    """

    printed: Sequence[tuple[Decimal, Source]]
    large: Set[Decimal]
    additions: Set[Decimal]
    replaced: Set[tuple[Decimal, Decimal]]
    payments: Payments
    subtotal_and_tax: Set[Decimal]
    net_and_tax: Set[Decimal]

    def amounts(self, *sources: Source) -> set[Decimal]:
        """Return the amounts that have any of these kinds of evidence in print."""
        return {amount for amount, source in self.printed if source in sources}

    def totals_by_items(self, items_sum: Decimal) -> set[Decimal]:
        """Return what the total may be by the items, with tax and rounding."""
        return {
            items_sum + added
            for added in self.additions
            if items_sum and added <= abs(items_sum) * _MOST_ADDED
        }

    def sums_of_items(self, total: Decimal) -> set[Decimal]:
        """Return what the items may come to if `total` is the total."""
        sums = {total - added: added for added in self.additions}
        return {items for items, added in sums.items() if added <= abs(items) * _MOST_ADDED}


def read_summary(rows: Sequence[ReadRow]) -> Summary:
    """Collect the amounts of the summary, and the totals that follow from them."""
    amounts = {
        kind: [row.amount.value for row in rows if row.amount and row.kind is kind]
        for kind in RowKind
    }
    taxes = _added_taxes(amounts)
    payments = read_payments(rows)
    return Summary(
        printed=list(_printed(rows)),
        large=_large(rows),
        additions=_additions(amounts, taxes, _most(rows)),
        replaced=set(replaced_totals(rows, payments.handed_over)),
        payments=payments,
        subtotal_and_tax={
            subtotal + tax for subtotal in amounts[RowKind.SUBTOTAL] for tax in taxes
        },
        net_and_tax=gross_amounts(rows),
    )


def _printed(rows: Sequence[ReadRow]) -> Iterator[tuple[Decimal, Source]]:
    """Yield the amounts that may be the total; negative ones only if the totals are negative."""
    most = _most(rows)
    found = [(row.value, source) for row in rows if row.value and (source := _source(row, most))]
    said = [amount for amount, source in found if source is Source.SAID]
    is_return = bool(said) and max(said) < 0
    for amount, source in found:
        if is_return or amount > 0:
            yield amount, source


def _most(rows: Sequence[ReadRow]) -> Decimal:
    return max((row.value for row in rows if row.kind in _SOURCES), default=Decimal(0))


def _source(row: ReadRow, most: Decimal) -> Source | None:
    # Some tills label the total after rounding "Rounding".
    if row.kind is RowKind.ROUNDING and not _is_step(row.value, most):
        return Source.SAID
    source = _SOURCES.get(row.kind) if row.kind else None
    return Source.REPEATED if source and row.is_inferred else source


def _large(rows: Sequence[ReadRow]) -> set[Decimal]:
    priced = [(row.line.height, row.amount.value) for row in rows if row.amount]
    if not priced:
        return set()
    usual = median(height for height, _ in priced)
    return {amount for height, amount in priced if height >= usual * _LARGE}


def _is_step(rounding: Decimal, most: Decimal) -> bool:
    """Return whether an amount is the difference from rounding.

    It is less than one unit, or little of the highest total, where a unit is worth little.
    """
    return abs(rounding) < max(Decimal(1), most * _LITTLE)


def _additions(amounts: AmountsByKind, taxes: Set[Decimal], most: Decimal) -> set[Decimal]:
    steps = {step for step in amounts[RowKind.ROUNDING] if _is_step(step, most)}
    steps = set(sorted(steps, key=abs)[:_STEPS]) | {Decimal(0)}
    either_way = steps | {-step for step in steps}
    return {tax + step for tax in {*taxes, Decimal(0)} for step in either_way}


def _added_taxes(amounts: AmountsByKind) -> set[Decimal]:
    """Return each tax and each charge, and the sums of the taxes, of the charges and of both."""
    taxes = amounts[RowKind.TAX][-_TAXES:]
    charges = amounts[RowKind.CHARGE][-_TAXES:]
    both = [*taxes, *charges]
    every = {sum(some, Decimal(0)) for some in (taxes, charges, both)}
    return {*both, *every} - {Decimal(0)}
