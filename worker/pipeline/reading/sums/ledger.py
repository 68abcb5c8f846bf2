"""Chooses the reading of a receipt that adds up."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from worker.pipeline.reading.items.found_items import FoundItem, find_items
from worker.pipeline.reading.rows.layout import ReadRow, item_regions
from worker.pipeline.reading.sums.mending import mended
from worker.pipeline.reading.sums.summary import Source, Summary, read_summary
from worker.pipeline.reading.sums.totals import FoundTotal, find_total

# The most sums of kinds of goods that may follow the goods.
_RECAP = 4


@dataclass(frozen=True)
class Ledger:
    """A reading: the items, the total that they should add up to, and the rest of the summary.

    `rows` has every row of the receipt from top to bottom, with its kind in this reading.
    """

    items: Sequence[FoundItem]
    total: FoundTotal | None
    summary: Summary
    rows: Sequence[ReadRow]

    @property
    def closes(self) -> bool:
        """Whether the items add up to a total for which there is other evidence, too."""
        return self.total is not None and {Source.ITEMS} < self.total.sources

    @property
    def worth(self) -> int:
        """The weight of the evidence for the total; 0 without one."""
        return self.total.worth if self.total else 0

    def agrees_with(self, total: FoundTotal) -> bool:
        """Return whether the amount is the same, whatever the evidence."""
        return self.total is not None and self.total.amount == total.amount

    @property
    def items_sum(self) -> Decimal:
        """The sum of all prices, negative ones included."""
        return _sum(self.items)


def read_ledger(rows: Sequence[ReadRow]) -> Ledger:
    """Find the items and the total that agree with each other.

    The list of items may end at any of several rows, and the one where they add up is chosen. If
    there is none, a single item is corrected so that they do, provided that only one correction
    fits.
    """
    summary = read_summary(rows)
    ledgers = [
        Ledger(items, find_total(summary, _sum(items)), summary, rows)
        for region in item_regions(rows)
        for item_rows in _item_rows(rows[region.start : region.stop])
        for items in _with_and_without_recap(find_items(item_rows))
    ]
    best = max(ledgers, key=lambda ledger: (ledger.closes, ledger.worth))
    if not best.closes:
        best = _corrected(ledgers) or ledgers[0]
    return replace(best, items=[item for item in best.items if item.total_price])


def _corrected(ledgers: Sequence[Ledger]) -> Ledger | None:
    """Return the ledger that closes after one correction.

    The kinds of correction are tried in order, the likeliest first, up to the first kind with which
    a ledger closes. Returns None if there is none, or if several corrections of that kind close.
    """
    summary = ledgers[0].summary
    believed = find_total(summary, Decimal(0))
    if believed is None:
        return None
    wanted = summary.sums_of_items(believed.amount)
    closing_by_kind = (
        _closing(ledger, kind, believed)
        for ledger in ledgers
        for kind in mended(ledger.items, {amount - ledger.items_sum for amount in wanted})
    )
    closing = next(filter(None, closing_by_kind), [])
    return closing[0] if len(closing) == 1 else None


def _closing(
    ledger: Ledger, corrections: Iterable[Sequence[FoundItem]], believed: FoundTotal
) -> list[Ledger]:
    """Return the corrected ledgers that close at the believed total."""
    ledgers = (
        replace(ledger, items=items, total=find_total(ledger.summary, _sum(items)))
        for items in corrections
    )
    return [ledger for ledger in ledgers if ledger.closes and ledger.agrees_with(believed)]


def _item_rows(rows: Sequence[ReadRow]) -> Iterator[Sequence[ReadRow]]:
    """Yield the rows that may be about items, first with and then without savings.

    Some tills only mention savings, which the prices have been reduced by already.
    """
    yield [row for row in rows if row.may_be_item]
    if any(row.may_be_item and row.kind for row in rows):
        yield [row for row in rows if row.kind is None]


def _with_and_without_recap(items: Sequence[FoundItem]) -> Iterator[Sequence[FoundItem]]:
    """Yield all items, then those without the last few that come to as much as all before.

    Restaurants repeat the sums of food and drinks. A single row of that amount is more likely to
    be the same item again.
    """
    yield items
    for few in range(2, min(_RECAP, len(items) - 1) + 1):
        if _sum(items[-few:]) == _sum(items[:-few]):
            yield items[:-few]


def _sum(items: Iterable[FoundItem]) -> Decimal:
    return sum((item.total_price for item in items), Decimal(0))
