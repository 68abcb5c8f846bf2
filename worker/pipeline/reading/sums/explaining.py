"""Explains the amounts around the items, given what the total is."""

from collections.abc import Sequence, Set
from decimal import Decimal
from itertools import accumulate

from worker.pipeline.reading.items.found_items import FoundItem
from worker.pipeline.reading.rows.labels import RowKind
from worker.pipeline.reading.rows.layout import ReadRow
from worker.pipeline.reading.rows.numbers import find_amounts
from worker.pipeline.reading.sums.ledger import Ledger
from worker.pipeline.reading.sums.totals import FoundTotal

# So many prices above a total are a list of items, even if they do not add up.
_LIST = 3
# The most rows of such a list that may come to its total by chance.
_LONGEST = 20
# A department has no more rows than this; longer sub-totals begin at the first item.
_DEPARTMENT = 100


def explained_amounts(ledger: Ledger, total: FoundTotal) -> set[Decimal]:
    """Return the amounts that are what they should be if the total is right."""
    summary, rows = ledger.summary, ledger.rows
    added = _amounts(rows, RowKind.TAX) | _amounts(rows, RowKind.CHARGE)
    step = sum(_amounts(rows, RowKind.ROUNDING), Decimal(0))
    rounded = {total.amount, total.amount - step, total.amount + step}
    paid = _amounts(rows, RowKind.PAYMENT)
    in_parts = total.amount in summary.payments.in_parts | summary.payments.less_change
    return {
        Decimal(0),
        *rounded,
        *(amount - tax for amount in rounded for tax in {*added, sum(added, Decimal(0))}),
        *_in_tables(rows),
        *({amount for amount in paid if amount < total.amount} if in_parts else ()),
        *_amounts(rows, RowKind.CHANGE),
        *_amounts(rows, RowKind.ROUNDING),
        *_handed_over(ledger, {total.amount + tax for tax in added if tax}),
        *sums_of_neighbours(ledger.items),
        *(earlier for earlier, later in summary.replaced if later == total.amount),
    }


def _handed_over(ledger: Ledger, with_taxes: Set[Decimal]) -> set[Decimal]:
    """Return the cash for which change was given.

    Without a word for the change, what is paid may as well be the total with a tax.
    """
    has_word = any(row.kind is RowKind.CHANGE and not row.is_inferred for row in ledger.rows)
    handed_over = set(ledger.summary.payments.handed_over)
    return handed_over if has_word else handed_over - with_taxes


def _in_tables(rows: Sequence[ReadRow]) -> set[Decimal]:
    """Return every amount of the rows of taxes."""
    return {
        amount.value for row in rows if row.kind is RowKind.TAX for amount in find_amounts(row.text)
    }


def _amounts(rows: Sequence[ReadRow], kind: RowKind) -> set[Decimal]:
    return {row.value for row in rows if row.amount and row.kind is kind}


def sums_of_neighbours(items: Sequence[FoundItem]) -> set[Decimal]:
    """Return the sums of neighbouring items, as sub-totals and totals of departments have."""
    sums = list(accumulate((item.total_price for item in items), initial=Decimal(0)))
    of_departments = (
        later - earlier
        for first, earlier in enumerate(sums)
        for later in sums[first + 1 : first + 1 + _DEPARTMENT]
    )
    return {*sums[1:], *of_departments}


def has_second_list(ledger: Ledger, total: FoundTotal) -> bool:
    """Return whether another total below has several rows with prices of its own above it.

    It may be that of another receipt.
    """
    prices: list[Decimal] = []
    for row in ledger.rows[ledger.region.stop :]:
        is_other = row.kind is RowKind.TOTAL and row.value not in (Decimal(0), total.amount)
        if is_other and _is_list(prices, row.value):
            return True
        if row.is_summary:
            prices = []
        elif row.kind is None and row.value > 0:
            prices.append(row.value)
    return False


def _is_list(prices: Sequence[Decimal], total: Decimal) -> bool:
    """Return whether several prices come to the total, or are more than are printed by chance."""
    sums = {sum(prices[-few:], Decimal(0)) for few in range(2, min(len(prices), _LONGEST) + 1)}
    return total in sums or (len(prices) >= _LIST and prices[-1] != total)
