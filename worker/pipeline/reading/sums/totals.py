"""Finds the total: the printed amount for which there is the most evidence."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from decimal import Decimal

from worker.pipeline.reading.sums.summary import Source, Summary

# Weights of the evidence. A sum that adds up is worth as much as a word.
_WORTH = {
    Source.SAID: 3,
    Source.PAID: 2,
    Source.SUBTOTAL: 1,
    Source.REPEATED: 1,
    Source.LARGE: 1,
    Source.LATER: 4,
    Source.CASH_LESS_CHANGE: 4,
    Source.SUBTOTAL_AND_TAX: 3,
    Source.TAX_TABLE: 2,
    Source.ITEMS: 4,
    Source.MISREAD: 1,
}
# Each repetition of a printed amount adds 1 to its weight, up to this.
_REPEATED = 2
# Evidence that says by itself that an amount is what the customer pays.
_OF_A_TOTAL = frozenset(
    {Source.SAID, Source.PAID, Source.REPEATED, Source.CASH_LESS_CHANGE, Source.LATER}
)
# Evidence that does not say that an amount is to be paid.
_UNNAMED = frozenset({Source.REPEATED, Source.SUBTOTAL, Source.ITEMS, Source.LARGE})
# Confidence by the number of different sources.
_SAID_ALONE, _SINGLE, _NO_TOTAL, _TWO, _MORE = 0.75, 0.5, 0.6, 0.93, 0.98
# Factor on the confidence if another amount has as much evidence.
_DISPUTED = 0.8


@dataclass(frozen=True)
class FoundTotal:
    """The amount to pay, its evidence, and the confidence in it from 0 to 1.

    `is_repeated` means that the same kind of row has it more than once. `by_items` has what the
    amount may be by the items, with tax and rounding.
    """

    amount: Decimal
    sources: frozenset[Source]
    is_repeated: bool
    confidence: float
    by_items: Set[Decimal]

    @property
    def is_subtotal(self) -> bool:
        """Whether nothing says that there is no more to pay."""
        return not self.sources & _OF_A_TOTAL

    @property
    def worth(self) -> int:
        """The weight of the evidence."""
        return _worth(self.sources)


def find_total(summary: Summary, items_sum: Decimal) -> FoundTotal | None:
    """Find the amount with the most evidence, the one that is printed last on ties.

    Returns None if nothing but the items is evidence for any amount.
    """
    by_items = summary.totals_by_items(items_sum)
    sources = _evidence(summary, by_items)
    if not sources:
        return None
    last_print = {amount: place for place, (amount, _) in enumerate(summary.printed)}

    def evidence(amount: Decimal) -> tuple[int, int]:
        repeated = len(sources[amount]) - len(set(sources[amount]))
        worth = _worth(sources[amount]) + min(repeated, _REPEATED)
        return worth, last_print.get(amount, -1)

    best, *others = sorted(sources, key=evidence, reverse=True)
    is_disputed = bool(others) and evidence(others[0])[0] >= evidence(best)[0]
    agreeing = frozenset(sources[best])
    confidence = _confidence(agreeing) * (_DISPUTED if is_disputed else 1)
    is_repeated = len(agreeing) < len(sources[best])
    return FoundTotal(best, agreeing, is_repeated, confidence, by_items)


def _evidence(summary: Summary, by_items: Set[Decimal]) -> dict[Decimal, list[Source]]:
    """Return the evidence of each amount that may be the total."""
    sources: defaultdict[Decimal, list[Source]] = defaultdict(list)
    for amount, source in summary.printed:
        sources[amount].append(source)
    for amount, source in list(_calculated(summary, by_items, printed=sources)):
        sources[amount].append(source)
    no_totals = {*summary.payments.handed_over, *(earlier for earlier, _ in summary.replaced)}
    later = {later for _, later in summary.replaced}
    said = summary.amounts(Source.SAID)
    said_again = {amount for amount in said if len(sources[amount]) > 1}
    return {
        amount: found
        for amount, found in sources.items()
        if (amount not in no_totals or Source.CASH_LESS_CHANGE in found)
        # A payment is cash, or one of several, if it is not what is called the total.
        and not (said and set(found) <= {Source.PAID, Source.LARGE} and amount not in later)
        # What repeats the sum of the rows above is a sub-total if another amount is called the
        # total, and printed again.
        and not (said_again - {amount} and set(found) <= _UNNAMED)
    }


def _calculated(
    summary: Summary, by_items: Set[Decimal], *, printed: dict[Decimal, list[Source]]
) -> Iterator[tuple[Decimal, Source]]:
    """Yield the totals that follow from other rows, each with its evidence.

    `printed` has the printed evidence by amount.
    """
    agreeing = (
        (summary.payments.in_parts & summary.amounts(Source.SAID), Source.PAID),
        (summary.subtotal_and_tax, Source.SUBTOTAL_AND_TAX),
        (summary.net_and_tax, Source.TAX_TABLE),
        (summary.large, Source.LARGE),
        ({later for _, later in summary.replaced}, Source.LATER),
    )
    for amounts, source in agreeing:
        yield from ((amount, source) for amount in amounts & printed.keys())
    less_change = summary.payments.less_change
    yield from ((amount, Source.CASH_LESS_CHANGE) for amount in less_change)
    once = [amount for amount, sources in printed.items() if len(sources) == 1]
    for amount in by_items:
        if amount in printed or amount in less_change:
            yield amount, Source.ITEMS
        elif any(_has_a_digit_more(other, amount) for other in once):
            yield amount, Source.MISREAD
            yield amount, Source.ITEMS


def _has_a_digit_more(printed: Decimal, amount: Decimal) -> bool:
    """Return whether a printed amount is another with an extra digit, such as a misread speck or
    the sign of a currency."""
    shorter, longer = f"{amount:.2f}", f"{printed:.2f}"
    return len(longer) == len(shorter) + 1 and any(
        longer[:index] + longer[index + 1 :] == shorter for index in range(len(longer))
    )


def _worth(sources: Iterable[Source]) -> int:
    return sum(_WORTH[source] for source in set(sources))


def _confidence(sources: frozenset[Source]) -> float:
    if not sources & _OF_A_TOTAL:
        return _NO_TOTAL if len(sources) > 1 else _SINGLE
    if len(sources) > 2:
        return _MORE
    if len(sources) == 2:
        return _TWO
    return _SAID_ALONE if Source.SAID in sources else _SINGLE
