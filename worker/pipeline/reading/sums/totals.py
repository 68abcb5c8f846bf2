"""Finds the total: the amount for which there is the most evidence in print and in sums."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from decimal import Decimal

from worker.pipeline.reading.sums.summary import Source, Summary

# Weights of the evidence. A sum that adds up is worth more than a word.
_WORTH = {
    Source.SAID: 3,
    Source.PAID: 2,
    Source.SUBTOTAL: 1,
    Source.CASH_LESS_CHANGE: 4,
    Source.SUBTOTAL_AND_TAX: 3,
    Source.ITEMS: 4,
    Source.MISREAD: 1,
}
# Weight of the items alone, any of whose prices may have been misread.
_ITEMS_ALONE = 2
# Each repetition of a printed amount adds 1 to its weight, up to this.
_REPEATED = 2
# Confidence by the number of different sources; some single sources have their own.
_ALONE = {Source.SAID: 0.75, Source.ITEMS: 0.3}
_SINGLE, _TWO, _MORE = 0.5, 0.93, 0.98
# Factor on the confidence if another amount has as much evidence.
_DISPUTED = 0.8


@dataclass(frozen=True)
class FoundTotal:
    """The amount to pay, its evidence, and the confidence in it from 0 to 1.

    `by_items` has what the amount may be by the items, with tax and rounding.
    """

    amount: Decimal
    sources: frozenset[Source]
    confidence: float
    by_items: Set[Decimal]

    @property
    def worth(self) -> int:
        """The weight of the evidence."""
        return _worth(self.sources)


def find_total(summary: Summary, items_sum: Decimal) -> FoundTotal | None:
    """Find the amount with the most evidence, the one that is printed last on ties.

    Returns None if there is no evidence at all.
    """
    by_items = summary.totals_by_items(items_sum)
    sources: defaultdict[Decimal, list[Source]] = defaultdict(list)
    for amount, source in summary.printed:
        sources[amount].append(source)
    for amount, source in list(_calculated(summary, by_items, printed=sources)):
        sources[amount].append(source)
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
    return FoundTotal(best, agreeing, confidence, by_items.keys())


def _calculated(
    summary: Summary,
    by_items: Mapping[Decimal, bool],
    *,
    printed: Mapping[Decimal, list[Source]],
) -> Iterator[tuple[Decimal, Source]]:
    """Yield the totals that follow from other rows, each with its evidence.

    `printed` has the printed evidence by amount.
    """
    for amount in summary.cash_less_change:
        yield amount, Source.CASH_LESS_CHANGE
    for amount in summary.subtotal_and_tax:
        if amount in printed:
            yield amount, Source.SUBTOTAL_AND_TAX
    once = [amount for amount, sources in printed.items() if len(sources) == 1]
    for amount, is_certain in by_items.items():
        is_printed = amount in printed
        if not is_printed and any(_is_one_digit_off(amount, other) for other in once):
            yield amount, Source.MISREAD
            yield amount, Source.ITEMS
        elif is_certain or is_printed:
            yield amount, Source.ITEMS


def _is_one_digit_off(amount: Decimal, other: Decimal) -> bool:
    """Return whether one of two amounts is the other with an extra digit, such as a misread speck
    or the sign of a currency."""
    shorter, longer = sorted((f"{amount:.2f}", f"{other:.2f}"), key=len)
    return len(longer) == len(shorter) + 1 and any(
        longer[:index] + longer[index + 1 :] == shorter for index in range(len(longer))
    )


def _worth(sources: Iterable[Source]) -> int:
    different = set(sources)
    if different == {Source.ITEMS}:
        return _ITEMS_ALONE
    return sum(_WORTH[source] for source in different)


def _confidence(sources: frozenset[Source]) -> float:
    if len(sources) > 2:
        return _MORE
    if len(sources) == 2:
        return _TWO
    return _ALONE.get(next(iter(sources)), _SINGLE)
