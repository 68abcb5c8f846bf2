"""Decides whether a reading is proven, so that it can be imported without asking.

A list of items that adds up proves little, since the reader chose it. A reading is proven only if
nothing was left out, added or changed to make it add up, if the total has evidence besides the
items, and if nothing in print contradicts it.
"""

from collections.abc import Iterator, Sequence, Set
from decimal import Decimal
from enum import StrEnum

from worker.pipeline.reading.rows.labels import RowKind, names_a_discount
from worker.pipeline.reading.rows.layout import ReadRow, may_be_name
from worker.pipeline.reading.sums.additions import (
    has_fitting_tax,
    has_unknown_charge,
    may_be_added,
    may_be_included,
    may_be_levied,
)
from worker.pipeline.reading.sums.counting import counts_agree
from worker.pipeline.reading.sums.explaining import explained_amounts, has_second_list
from worker.pipeline.reading.sums.ledger import Ledger
from worker.pipeline.reading.sums.summary import Source
from worker.pipeline.reading.sums.totals import FoundTotal


class Doubt(StrEnum):
    """A reason why a reading is not proven."""

    OPEN = "the items do not add up to a total that is printed"
    MENDED = "an item was changed or left out for the sake of the sum"
    NO_WORD = "no word says that the amount is the total or was paid"
    ALONE = "nothing besides the items confirms the total"
    CONTRADICTED = "another total or payment is printed that nothing explains"
    UNEXPLAINED = "a row between the items and the total was left out"
    NO_ITEM = "a row among the items is not part of any item"
    BELOW_TOTAL = "an item below the sum of all above may be a tax or a charge"
    ADDED = "an item may be a tax or a charge on the others"
    INCLUDED = "the tax that was added may be included in the prices"
    SCRAP = "a row whose name was left out has the price of another name"
    SECOND = "another list with a total of its own follows"
    UNREADABLE = "the price of an item could not be read"
    UNCERTAIN = "the engine was not sure of an amount"
    MISCOUNTED = "the printed count of items is another one"


# Evidence in words: that an amount is the total, or that it was paid.
_WORDS = frozenset({Source.SAID, Source.PAID})
_PAYING = frozenset({RowKind.PAYMENT, RowKind.CHANGE})
_SUMS = frozenset({RowKind.TOTAL, RowKind.SUBTOTAL})
# What shows that a total is the last one.
_FINAL = frozenset({Source.PAID, Source.CASH_LESS_CHANGE, Source.TAX_TABLE})
# Evidence that says nothing by itself.
_WEAK = frozenset({Source.ITEMS, Source.LARGE, Source.MISREAD})
_TOTALS = frozenset({RowKind.TOTAL, RowKind.PAYMENT})
# Below this confidence, an engine guesses.
_LEAST_CONFIDENCE = 0.6
# The fewest kinds of evidence and prints of the total, one of which is its first print.
_ENOUGH = 3


def is_proven(ledger: Ledger) -> bool:
    """Return whether nothing speaks against a reading."""
    return next(doubts(ledger), None) is None


def doubts(ledger: Ledger) -> Iterator[Doubt]:
    """Yield each reason why a reading is not proven."""
    total = ledger.total
    if total is None or not ledger.closes:
        yield Doubt.OPEN
        return
    checks = {
        Doubt.MENDED: ledger.is_mended or Source.MISREAD in total.sources,
        Doubt.NO_WORD: not _has_word(ledger, total),
        Doubt.ALONE: _evidence(ledger, total) < _ENOUGH,
        Doubt.CONTRADICTED: _is_contradicted(ledger, total),
        Doubt.UNEXPLAINED: _has_unexplained(ledger, total),
        Doubt.NO_ITEM: any(map(ledger.is_left_out, _rows_of_items(ledger))) or _has_free(ledger),
        Doubt.BELOW_TOTAL: _has_item_below_total(ledger),
        Doubt.ADDED: not _is_below_sum(ledger)
        and (may_be_added(ledger.items, ledger.rows) or may_be_levied(ledger, total.amount)),
        Doubt.INCLUDED: may_be_included(ledger, total.amount),
        Doubt.SCRAP: any(item.has_scrap for item in ledger.items),
        Doubt.SECOND: has_second_list(ledger, total),
        Doubt.UNREADABLE: _has_unreadable(ledger),
        Doubt.UNCERTAIN: min(_confidences(ledger, total)) < _LEAST_CONFIDENCE,
        Doubt.MISCOUNTED: not counts_agree(ledger.rows, ledger.items),
    }
    yield from (doubt for doubt, holds in checks.items() if holds)


def _has_word(ledger: Ledger, total: FoundTotal) -> bool:
    """Return whether a word says that the amount is the total, or that it was paid."""
    paying = (row.amount and row.kind in _PAYING and not row.is_inferred for row in ledger.rows)
    in_parts = total.amount in ledger.summary.payments.in_parts
    is_paid = in_parts or Source.CASH_LESS_CHANGE in total.sources
    return bool(total.sources & _WORDS) or (is_paid and any(paying))


def _evidence(ledger: Ledger, total: FoundTotal) -> int:
    """Count the kinds of evidence and the prints of the total."""
    rounds = any(row.kind is RowKind.ROUNDING and row.value for row in ledger.rows)
    has_tax = not rounds and Source.TAX_TABLE not in total.sources
    has_tax = has_tax and has_fitting_tax(ledger.rows, total.amount)
    return len(total.sources - _WEAK) + len(_prints(ledger, total)) + has_tax


def _prints(ledger: Ledger, total: FoundTotal) -> Sequence[int]:
    """Return the rows below the items that print the total."""
    rows = ledger.rows
    return [
        at
        for at in range(ledger.region.stop, len(rows))
        if rows[at].amount and rows[at].value == total.amount
    ]


def _is_contradicted(ledger: Ledger, total: FoundTotal) -> bool:
    """Return whether another total or payment is printed that nothing explains.

    A lower total further down may be about points, if payment or taxes
    show that the total is the last one.
    """
    explained = explained_amounts(ledger, total)
    others = [
        row
        for row in ledger.rows
        if row.amount and row.kind in _TOTALS and row.value not in explained
    ]
    if total.sources & _FINAL:
        return any(row.kind is RowKind.PAYMENT or row.value > total.amount for row in others)
    return bool(others)


def _has_unexplained(ledger: Ledger, total: FoundTotal) -> bool:
    """Return whether a row below the items may be an item that was left out, or a later total."""
    rows, prints = ledger.rows, _prints(ledger, total)
    explained = explained_amounts(ledger, total)
    unexplained = [
        at
        for at in range(ledger.region.stop, len(rows))
        if rows[at].amount and rows[at].kind is None and rows[at].value not in explained
    ]
    first = prints[0] if prints else len(rows)
    if any(at < first for at in unexplained) or has_unknown_charge(rows):
        return True
    return not total.sources & _FINAL and _may_have_total(
        {rows[at].value for at in unexplained}, total.amount
    )


def _may_have_total(amounts: Set[Decimal], total: Decimal) -> bool:
    """Return whether one of the amounts may be a total that replaces another.

    It is higher, or rounded, or what is left after a saving that is another of the amounts.
    """
    return any(
        amount > total or 0 < total - amount < 1 or total - amount in amounts for amount in amounts
    )


def _has_item_below_total(ledger: Ledger) -> bool:
    """Return whether an item with a price stands below a total of all items above.

    A total of its department shows that it is an item.
    """
    so_far, since, is_below = Decimal(0), Decimal(0), False
    prices = {id(row): item.total_price for item in ledger.items for row in item.rows[-1:]}
    # The row that ends the items may be the total of the last department.
    for row in ledger.rows[ledger.region.start : ledger.region.stop + 1]:
        price = prices.get(id(row), Decimal(0))
        so_far, since = so_far + price, since + price
        is_first = not is_below and row.value == so_far
        if row.kind in _SUMS and row.value > 0 and (is_first or row.value == since):
            since, is_below = Decimal(0), True
    return is_below and since > 0


def _is_below_sum(ledger: Ledger) -> bool:
    """Return whether a sub-total of all items is printed below them, apart from the total."""
    return any(
        row.kind is RowKind.SUBTOTAL and not row.is_inferred and row.value == ledger.items_sum
        for row in ledger.rows[ledger.region.stop :]
    )


def _rows_of_items(ledger: Ledger) -> Sequence[ReadRow]:
    """Return the rows from the first item on; what is above belongs to the header."""
    first = ledger.items[0].rows if ledger.items else ()
    rows = ledger.rows_of_items
    return rows[next((at for at, row in enumerate(rows) if row in first), 0) :]


def _has_free(ledger: Ledger) -> bool:
    """Return whether an item that costs nothing was left out; a discount of 0 is none."""
    used = [row for item in ledger.items for row in item.rows]
    return any(
        row.kind is None
        and row.amount
        and not row.value
        and may_be_name(row.text[: row.amount.start])
        and ":" not in row.text
        and not names_a_discount(row.text)
        and row not in used
        for row in _rows_of_items(ledger)
    )


def _has_unreadable(ledger: Ledger) -> bool:
    """Return whether an item's price could not be read: it stands below the others' prices."""
    printed = [row.line.words[-1].right for item in ledger.items for row in item.rows[-1:]]
    height = ledger.rows[0].line.height
    return any(
        row.line.words[-1].right >= min(printed, default=0.0) - height
        for row in ledger.unreadable
        if not any(row in item.rows for item in ledger.items)
        and row.line.words[0].top > min(item.rows[0].line.words[0].top for item in ledger.items)
    )


def _confidences(ledger: Ledger, total: FoundTotal) -> Iterator[float]:
    """Yield the engine's confidence in every amount that counts."""
    said = [
        row.line.confidence
        for row in ledger.rows
        if row.amount and row.kind in _TOTALS and row.value == total.amount
    ]
    yield max(said, default=1.0)
    for item in ledger.items:
        yield item.confidence
