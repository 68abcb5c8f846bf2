"""Chooses the total and the list of items of a receipt."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from worker.pipeline.reading.items.found_items import FoundItem, find_items
from worker.pipeline.reading.rows.labels import RowKind
from worker.pipeline.reading.rows.layout import ReadRow
from worker.pipeline.reading.sums.mending import is_unit_price, mended
from worker.pipeline.reading.sums.structure import Layout, layouts_by_amounts, layouts_by_words
from worker.pipeline.reading.sums.summary import Source, Summary, read_summary
from worker.pipeline.reading.sums.totals import FoundTotal, find_total

# The most sums of kinds of goods that may follow the goods.
_RECAP = 4


@dataclass(frozen=True)
class Ledger:
    """A reading: the items, the total that they should add up to, and the rest of the summary.

    `rows` has every row of the receipt from top to bottom, with its kind in this reading, and
    `region` where the items are among them. `is_mended` means that an item was changed or left out
    for the sake of the sum, without a proof of its own. The rows in `unreadable` look
    like items whose price could not be read; they are not in the list.
    """

    items: Sequence[FoundItem]
    total: FoundTotal | None
    summary: Summary
    rows: Sequence[ReadRow]
    region: range
    is_mended: bool = False
    unreadable: Sequence[ReadRow] = ()

    @property
    def closes(self) -> bool:
        """Whether the items add up to a total for which there is other evidence, too."""
        total = self.total
        return total is not None and {Source.ITEMS} < total.sources and not total.is_subtotal

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

    @property
    def rows_of_items(self) -> Sequence[ReadRow]:
        """The rows in the region of the items."""
        return self.rows[self.region.start : self.region.stop]

    def is_left_out(self, row: ReadRow) -> bool:
        """Return whether a row has an amount and no item is made of it.

        The unit price of an item belongs to it.
        """
        if row.kind is not None or row.amount is None or not row.amount.value:
            return False
        return not any(row in item.rows or is_unit_price(row, item) for item in self.items)

    def with_items(self, items: Sequence[FoundItem]) -> "Ledger":
        """Return the ledger with other items, and the total that these suggest."""
        return replace(self, items=items, total=find_total(self.summary, _sum(items)))


def read_ledger(rows: Sequence[ReadRow]) -> Ledger:
    """Find the total with the most evidence, and the items, which should add up to it.

    The list of items may end at any of several rows, and the one where they add up is chosen. If
    there is none, a single item is corrected so that they do, provided that only one correction
    fits.
    """
    ledgers = _ledgers(layouts_by_words(rows))
    best = max(ledgers, key=_rank)
    if not best.closes:
        best = max([best, *_ledgers(layouts_by_amounts(rows))], key=_rank)
    if not best.closes:
        best = _corrected(ledgers) or _longest(ledgers)
    priced = _without_totals(
        [item for item in best.items if item.total_price or item.is_free], best.total
    )
    unreadable = [
        row for item in best.items if not (item.total_price or item.is_free) for row in item.rows
    ]
    return replace(best, items=priced, unreadable=unreadable)


def _without_totals(items: Sequence[FoundItem], total: FoundTotal | None) -> Sequence[FoundItem]:
    """Leave out the last items if they repeat the total, since a word for it may be unknown."""
    count = len(items)
    while total and count > 2 and items[count - 1].total_price == total.amount:
        count -= 1
    return items[:count]


def _rank(ledger: Ledger) -> tuple[int, bool]:
    return ledger.worth, ledger.closes


def _ledgers(layouts: Iterable[Layout]) -> list[Ledger]:
    """Return the readings of each layout, the likeliest first."""
    return [
        Ledger(items, find_total(summary, _sum(items)), summary, marked, region)
        for rows, region in layouts
        for summary in [read_summary(rows)]
        for item_rows in _item_rows(rows[region.start : region.stop])
        for items, marked in _with_and_without_recap(find_items(item_rows), rows)
    ]


def _longest(ledgers: Sequence[Ledger]) -> Ledger:
    """Return the ledger whose items do not end at an early sub-total, if none adds up.

    If the total is outside the picture, there may be goods behind the sub-total.
    """
    first, last = ledgers[0], ledgers[-1]
    if first.total is None:
        return first
    if first.total.is_subtotal:
        is_early = len(last.items) > len(first.items) + 1
        return replace(last, total=None) if is_early else first
    wanted = first.total.amount
    at_total = (
        ledger
        for ledger in ledgers
        if wanted in {row.value for row in ledger.rows[ledger.region.stop :][:1]}
    )
    longest = next(at_total, first)
    return longest if len(longest.items) > len(first.items) + 1 else first


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
        _closing(ledger, kind, believed, has_proof=has_proof)
        for ledger in ledgers
        for has_proof, kind in mended(
            ledger.items, {amount - ledger.items_sum for amount in wanted}
        )
    )
    closing = next(filter(None, closing_by_kind), [])
    return closing[0] if len(closing) == 1 else None


def _closing(
    ledger: Ledger,
    corrections: Iterable[Sequence[FoundItem]],
    believed: FoundTotal,
    *,
    has_proof: bool,
) -> list[Ledger]:
    """Return the corrected ledgers that close at the believed total."""
    corrected = (ledger.with_items(items) for items in corrections)
    return [
        replace(closing, is_mended=not has_proof)
        for closing in corrected
        if closing.closes and closing.agrees_with(believed)
    ]


def _item_rows(rows: Sequence[ReadRow]) -> Iterator[Sequence[ReadRow]]:
    """Yield the rows that may be about items, first with and last without savings.

    Some tills only mention savings, which the prices have been reduced by already. Between come
    the rows with words of a note as well, since goods may have these in their names.
    """
    yield [row for row in rows if row.may_be_item]
    if any(row.kind is RowKind.NOTE and row.value > 0 for row in rows):
        yield [row for row in rows if row.kind in (None, RowKind.NOTE)]
    if any(row.may_be_item and row.kind for row in rows):
        yield [row for row in rows if row.kind is None]


def _with_and_without_recap(
    items: Sequence[FoundItem], rows: Sequence[ReadRow]
) -> Iterator[tuple[Sequence[FoundItem], Sequence[ReadRow]]]:
    """Yield all items, then those without the last few that come to as much as all before, which
    are sub-totals. Each comes with the rows of the receipt.

    Restaurants repeat the sums of food and drinks. A single row of that amount is more likely to
    be the same item again.
    """
    yield items, rows
    for few in range(2, min(_RECAP, len(items) - 1) + 1):
        if _sum(items[-few:]) == _sum(items[:-few]):
            recap = [row for item in items[-few:] for row in item.rows]
            yield (
                items[:-few],
                [row.inferred(RowKind.SUBTOTAL) if row in recap else row for row in rows],
            )


def _sum(items: Iterable[FoundItem]) -> Decimal:
    return sum((item.total_price for item in items), Decimal(0))
