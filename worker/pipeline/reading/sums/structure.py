"""Finds the end of the items, the total and the payments by amounts, whatever they are called.

An amount that repeats the sum of the rows so far is a total. What follows it may repeat it, as
payments do, be cash and its change, or add to it up to a later total.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from worker.pipeline.reading.rows.labels import RowKind
from worker.pipeline.reading.rows.layout import ReadRow, item_begin, item_regions, letters
from worker.pipeline.reading.sums.payments import with_payments
from worker.pipeline.reading.sums.taxes import with_taxes

# The fewest items whose sum shows that the next amount is a total. Each time that the amount is
# printed again makes up for one.
_FEW = 3
# The fewest letters of a name.
_FEW_LETTERS = 3
# The most amounts between a total and the next one that are looked at.
_BETWEEN = 6
_TOTALS = (RowKind.TOTAL, RowKind.SUBTOTAL)
_PAID = (RowKind.PAYMENT, RowKind.CHANGE)

# The rows with their kinds, and where the items are among them.
Layout = tuple[Sequence[ReadRow], range]


def layouts_by_words(rows: Sequence[ReadRow]) -> Iterator[Layout]:
    """Yield the rows with their kinds, and where their items may be; the likeliest first."""
    by_words = _by_words(rows)
    for region in item_regions(by_words):
        yield by_words, region


def layouts_by_amounts(rows: Sequence[ReadRow]) -> Iterator[Layout]:
    """Yield the same for each row that has no known word and may be the total."""
    by_words = _by_words(rows)
    begin = item_begin(by_words)
    for end in _running_sums(by_words, begin):
        total = [*by_words[:end], by_words[end].inferred(RowKind.TOTAL), *by_words[end + 1 :]]
        yield with_payments(_with_later_totals(total, end)), range(begin, end)


def _by_words(rows: Sequence[ReadRow]) -> list[ReadRow]:
    marked = with_taxes(rows)
    totals = [at for at, row in enumerate(marked) if row.amount and row.kind in _TOTALS]
    for at in totals:
        # Goods may follow an early sub-total, but nothing follows the last one.
        marked = _with_later_totals(marked, at, may_add_unknown=at == totals[-1])
    return with_payments(marked)


def _running_sums(rows: Sequence[ReadRow], begin: int) -> Iterator[int]:
    """Yield the rows without a known word whose amount is the sum of the rows so far."""
    so_far: list[Decimal] = []
    named: list[Decimal] = []
    for at in range(begin, len(rows)):
        row = rows[at]
        if not (row.value and row.may_be_item):
            continue
        amount = row.value
        again = min(_prints(rows[at + 1 :], amount), _FEW - 1)
        # Rows of numbers above or below names may be unit prices.
        is_sum = any(
            sum(rows_of) == amount and len(rows_of) >= _FEW - again for rows_of in (so_far, named)
        )
        if is_sum and row.kind is None:
            yield at
        so_far.append(amount)
        if letters(row.text[: row.amount.start if row.amount else None]) >= _FEW_LETTERS:
            named.append(amount)


def _prints(rows: Sequence[ReadRow], amount: Decimal) -> int:
    """Count the rows with an amount."""
    return sum(row.value == amount for row in rows)


def _with_later_totals(
    rows: Sequence[ReadRow], at: int | None, *, may_add_unknown: bool = True
) -> list[ReadRow]:
    """Mark the totals below a total that come from it, and what is added in between."""
    marked = list(rows)
    while at is not None:
        later = _later_total(marked, at, may_add_unknown=may_add_unknown)
        if later is not None:
            for between in range(at + 1, later):
                if marked[between].value not in (marked[at].value, Decimal(0)):
                    marked[between] = marked[between].inferred(RowKind.CHARGE)
            marked[later] = marked[later].inferred(RowKind.TOTAL)
        at = later
    return marked


def _later_total(rows: Sequence[ReadRow], at: int, *, may_add_unknown: bool) -> int | None:
    """Return the next row whose amount is a total with all the amounts between.

    Unless `may_add_unknown`, one of these has a known word, so that it is no item.
    """
    total = rows[at].value
    added: list[ReadRow] = []
    for index in range(at + 1, len(rows)):
        row = rows[index]
        if row.value in (total, Decimal(0)):
            continue
        is_known = may_add_unknown or any(other.kind for other in added)
        if added and row.value == total + sum(other.value for other in added) and is_known:
            return index
        if len(added) == _BETWEEN or row.kind in _PAID:
            return None
        added.append(row)
    return None
