"""The total: the row that says so, and the sums that have to agree with it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from worker.pipeline.reading.rows.labels import RowKind
from worker.pipeline.reading.rows.layout import ReadRow


class Source(StrEnum):
    """What speaks for an amount to be the total."""

    SAID = "said"
    PAID = "paid"
    SUBTOTAL = "subtotal"
    CASH_LESS_CHANGE = "cash less change"
    SUBTOTAL_AND_TAX = "subtotal and tax"
    ITEMS = "items"
    MISREAD = "a digit too many or too few"


# What each is worth. A sum that comes out is worth more than a word.
_WORTH = {
    Source.SAID: 3,
    Source.PAID: 2,
    Source.SUBTOTAL: 1,
    Source.CASH_LESS_CHANGE: 4,
    Source.SUBTOTAL_AND_TAX: 3,
    Source.ITEMS: 4,
    Source.MISREAD: 1,
}
# Taxes and tips together are a smaller part of the goods than this; more is a misread row.
_MOST_ADDED = Decimal("0.4")
# So many taxes, and so many steps of rounding, may be told apart.
_TAXES, _STEPS = 8, 2
# Items alone: any one of their prices may have been misread.
_ITEMS_ALONE = 2
_KINDS = {
    RowKind.TOTAL: Source.SAID,
    RowKind.PAYMENT: Source.PAID,
    RowKind.SUBTOTAL: Source.SUBTOTAL,
}
# Confidence by how many different sources agree; of a single one by which it is.
_ALONE = {Source.SAID: 0.75, Source.ITEMS: 0.3}
_ONE, _TWO, _MORE = 0.5, 0.93, 0.98
# Where another amount has as much to speak for it.
_DISPUTED = 0.8


@dataclass(frozen=True)
class FoundTotal:
    """The amount to pay, what speaks for it, and how well the evidence agrees (0 to 1)."""

    amount: Decimal
    sources: frozenset[Source]
    confidence: float

    @property
    def worth(self) -> int:
        """The weight of the evidence."""
        return _worth(self.sources)


def find_total(rows: Sequence[ReadRow], items_sum: Decimal) -> FoundTotal | None:
    """The amount with the most evidence; of equals the one printed last."""
    sources: defaultdict[Decimal, list[Source]] = defaultdict(list)
    printed: dict[Decimal, int] = {}
    for index, row in enumerate(rows):
        source = _source(row)
        if source and row.amount and row.amount.value > 0:
            sources[row.amount.value].append(source)
            printed[row.amount.value] = index
    once = {amount for amount, by in sources.items() if len(by) == 1}
    for amount, source in _calculated(rows, items_sum, printed=set(printed), once=once):
        sources[amount].append(source)
    if not sources:
        return None

    def evidence(amount: Decimal) -> tuple[int, int]:
        again = len(sources[amount]) - len(set(sources[amount]))
        return _worth(sources[amount]) + min(again, 2), printed.get(amount, -1)

    best, *others = sorted(sources, key=evidence, reverse=True)
    disputed = bool(others) and evidence(others[0])[0] >= evidence(best)[0]
    by = frozenset(sources[best])
    return FoundTotal(best, by, _confidence(by) * (_DISPUTED if disputed else 1))


def _calculated(
    rows: Sequence[ReadRow], items_sum: Decimal, *, printed: set[Decimal], once: set[Decimal]
) -> Iterator[tuple[Decimal, Source]]:
    """What the total should be by other rows, each amount with its reason."""
    for amount in cash_less_change(rows):
        yield amount, Source.CASH_LESS_CHANGE
    for amount in _subtotal_and_tax(rows) & printed:
        yield amount, Source.SUBTOTAL_AND_TAX
    for amount, certain in sums_of_items(items_sum, rows):
        misread = amount not in printed and any(_one_digit_more(amount, one) for one in once)
        if misread:
            yield amount, Source.MISREAD
        if certain or misread or amount in printed:
            yield amount, Source.ITEMS


def cash_less_change(rows: Sequence[ReadRow]) -> set[Decimal]:
    """What was given less what came back, for every pair of such rows."""
    paid = [r.amount.value for r in rows if r.kind is RowKind.PAYMENT and r.amount]
    change = [abs(r.amount.value) for r in rows if r.kind is RowKind.CHANGE and r.amount]
    return {p - c for p in paid for c in change if p > c}


def sums_of_items(items_sum: Decimal, rows: Sequence[ReadRow]) -> Iterator[tuple[Decimal, bool]]:
    """What the total may be by the items: with tax added, with what was rounded; and whether the
    amount needs no print to be believed."""
    if items_sum > 0:
        for added, certain in _additions(rows).items():
            if added <= items_sum * _MOST_ADDED:
                yield items_sum + added, certain


def items_sums(total: Decimal, rows: Sequence[ReadRow]) -> set[Decimal]:
    """The other way round: what the items may come to, so that this is the total."""
    sums = {total - added: added for added in _additions(rows)}
    return {items for items, added in sums.items() if added <= items * _MOST_ADDED}


def _additions(rows: Sequence[ReadRow]) -> dict[Decimal, bool]:
    """What may come between the items and the total; true where that is no tax."""
    steps = {r.amount.value for r in rows if _is_rounding(r) and r.amount}
    steps = set(sorted(steps, key=abs)[:_STEPS]) or {Decimal(0)}
    either_way = steps | {-step for step in steps}
    taxes = _added_taxes(rows) - {Decimal(0)}
    taxed = {tax + step: False for tax in taxes for step in either_way}
    return taxed | dict.fromkeys(either_way, True)


def _added_taxes(rows: Sequence[ReadRow]) -> set[Decimal]:
    """Each tax and charge of the summary, all taxes, all charges, and all of them together."""
    taxes = [r.amount.value for r in rows if r.kind is RowKind.TAX and r.amount][-_TAXES:]
    charges = [r.amount.value for r in rows if r.kind is RowKind.CHARGE and r.amount][-_TAXES:]
    both = [*taxes, *charges]
    every = {sum(some, Decimal(0)) for some in (taxes, charges, both)}
    return {*both, *every} if both else set()


def _subtotal_and_tax(rows: Sequence[ReadRow]) -> set[Decimal]:
    subtotals = [r.amount.value for r in rows if r.kind is RowKind.SUBTOTAL and r.amount]
    return {subtotal + tax for subtotal in subtotals for tax in _added_taxes(rows) if tax}


def _one_digit_more(one: Decimal, other: Decimal) -> bool:
    """Whether one of them is the other and a digit: a speck, or a currency's sign."""
    shorter, longer = sorted((f"{one:.2f}", f"{other:.2f}"), key=len)
    return len(longer) == len(shorter) + 1 and any(
        longer[:index] + longer[index + 1 :] == shorter for index in range(len(longer))
    )


def _worth(sources: Iterable[Source]) -> int:
    different = set(sources)
    if different == {Source.ITEMS}:
        return _ITEMS_ALONE
    return sum(_WORTH[source] for source in different)


def _is_rounding(row: ReadRow) -> bool:
    return row.kind is RowKind.ROUNDING and row.amount is not None and abs(row.amount.value) < 1


def _source(row: ReadRow) -> Source | None:
    # Some tills call the total after rounding "Rounding"; the difference itself is under one unit.
    if row.kind is RowKind.ROUNDING and row.amount and abs(row.amount.value) >= 1:
        return Source.SAID
    return _KINDS.get(row.kind) if row.kind else None


def _confidence(sources: frozenset[Source]) -> float:
    if len(sources) > 2:
        return _MORE
    if len(sources) == 2:
        return _TWO
    return _ALONE.get(next(iter(sources)), _ONE)
