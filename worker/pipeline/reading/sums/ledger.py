"""The arithmetic of a receipt as the judge over its readings: of several, the one that adds up."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from worker.pipeline.reading.items.finding import FoundItem, find_items
from worker.pipeline.reading.rows.layout import ReadRow, item_regions
from worker.pipeline.reading.sums.mending import mended
from worker.pipeline.reading.sums.totals import FoundTotal, Source, find_total, items_sums

# So many sums of kinds of goods may follow the goods.
_RECAP = 4


@dataclass(frozen=True)
class Ledger:
    """The items, and the total that they should add up to."""

    items: Sequence[FoundItem]
    total: FoundTotal | None

    @property
    def closes(self) -> bool:
        """Whether the items add up to a total that something else speaks for as well."""
        return self.total is not None and {Source.ITEMS} < self.total.sources

    def agrees_with(self, total: FoundTotal) -> bool:
        """Whether the amount is the same, whatever speaks for it."""
        return self.total is not None and self.total.amount == total.amount

    @property
    def items_sum(self) -> Decimal:
        """Of all prices, negative ones included."""
        return _sum(self.items)


def read_ledger(rows: Sequence[ReadRow]) -> Ledger:
    """The items up to that row of the summary at which they add up; where they nowhere do, with
    the one price corrected by which they would, if that is beyond doubt."""
    ledgers = [
        _ledger(items, rows)
        for region in item_regions(rows)
        for some in _item_rows(rows[region.start : region.stop])
        for items in _with_and_without_recap(find_items(some))
    ]
    best = max(ledgers, key=lambda one: (one.closes, one.total.worth if one.total else 0))
    if not best.closes:
        best = _corrected(ledgers, rows) or ledgers[0]
    return Ledger([item for item in best.items if item.total_price], best.total)


def _corrected(ledgers: Iterable[Ledger], rows: Sequence[ReadRow]) -> Ledger | None:
    """The only one that a single correction closes, of the likeliest kind of correction."""
    believed = find_total(rows, Decimal(0))
    if believed is None:
        return None
    wanted = items_sums(believed.amount, rows)
    for ledger in ledgers:
        for kind in mended(ledger.items, {one - ledger.items_sum for one in wanted}):
            made = (_ledger(items, rows) for items in kind)
            closing = [one for one in made if one.closes and one.agrees_with(believed)]
            if closing:
                return closing[0] if len(closing) == 1 else None
    return None


def _ledger(items: Sequence[FoundItem], rows: Sequence[ReadRow]) -> Ledger:
    return Ledger(items, find_total(rows, _sum(items)))


def _item_rows(rows: Sequence[ReadRow]) -> Iterator[Sequence[ReadRow]]:
    """The rows that may be of items; then without the savings, which some tills only tell of and
    have taken off the prices already."""
    yield [row for row in rows if row.may_be_item]
    if any(row.may_be_item and row.kind for row in rows):
        yield [row for row in rows if row.kind is None]


def _with_and_without_recap(items: Sequence[FoundItem]) -> Iterator[Sequence[FoundItem]]:
    """All items; then without the last few, where these come to as much as all before: restaurants
    add up food and drinks. One row would be the same thing once more."""
    yield items
    for few in range(2, min(_RECAP, len(items) - 1) + 1):
        if _sum(items[-few:]) == _sum(items[:-few]):
            yield items[:-few]


def _sum(items: Iterable[FoundItem]) -> Decimal:
    return sum((item.total_price for item in items), Decimal(0))
