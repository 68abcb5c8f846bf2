"""Finds the receipts on an image that shows several, side by side or one above the other.

A receipt is never split on its looks alone, since names and prices have a gap between them as well,
and slips and coupons follow many receipts. Each part has to be a receipt by itself.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import chain, pairwise
from statistics import median

from shared.contracts.receipts.extraction import Extraction
from shared.contracts.receipts.requests import NO_HINTS, ReadingHints
from worker.pipeline.ocr.text import TextLine
from worker.pipeline.reading.fields.dates import find_dates
from worker.pipeline.reading.places import Places
from worker.pipeline.reading.receipt import NOWHERE, read_receipt
from worker.pipeline.reading.rows.building import build_rows
from worker.pipeline.reading.rows.labels import RowKind
from worker.pipeline.reading.rows.layout import ReadRow, read_rows

# The most receipts of an image are two to the power of this.
_DEPTH = 3
# A receipt has at least so many lines.
_LINES = 5
# One line in so many may cross the gap between two receipts, such as two lines read as one.
_CROSSING = 12
# A row that is so many times as far from the row above as usual may begin another receipt.
_FAR = 1.8
# The most gaps that are tried.
_GAPS = 6

Lines = Sequence[TextLine]


def read_receipts(
    lines: Lines,
    *,
    today: date,
    hints: ReadingHints = NO_HINTS,
    places: Places = NOWHERE,
) -> list[Extraction]:
    """Read every receipt among the lines of an image, from the top left; there is at least one.

    With more than one, none is called reconciled: a row may have got to the wrong receipt.
    """

    def read(part: Lines) -> Extraction:
        return read_receipt(part, today=today, hints=hints, places=places)

    receipts = [read(part) for part in _parts(lines, today, _DEPTH)]
    if len(receipts) == 1:
        return receipts
    return [receipt.model_copy(update={"reconciled": False}) for receipt in receipts]


def _parts(lines: Lines, today: date, depth: int) -> list[Lines]:
    """Split lines by receipt."""
    halves = _halves(lines, today) if depth else None
    if halves is None:
        return [lines]
    return [part for half in halves for part in _parts(half, today, depth - 1)]


def _halves(lines: Lines, today: date) -> tuple[Lines, Lines] | None:
    """Split lines into two halves that are receipts, or return None if there are none."""
    beside = (parts for parts in _beside(lines) if _are_two(parts, _is_receipt, today))
    below = (parts for parts in _below(lines, today) if _are_two(parts, _is_proved, today))
    return next(chain(beside, below), None)


def _are_two(parts: tuple[Lines, Lines], is_one: Callable[[Extraction], bool], today: date) -> bool:
    """Return whether both parts are receipts and neither is a copy. No more is read than needed."""
    if not all(is_one(read_receipt(part, today=today, detailed=False)) for part in parts):
        return False
    first, second = (read_receipt(part, today=today) for part in parts)
    return not _is_copy(first, second)


def _is_receipt(read: Extraction) -> bool:
    """Return whether a part has a merchant, a total, and goods with a date or with their sum."""
    if not (read.total.amount and read.line_items and read.merchant.name):
        return False
    return read.date.value is not None or _adds_up(read)


def _is_proved(read: Extraction) -> bool:
    """Return whether a part has a merchant, a date, and goods that come to the total.

    The slips and coupons below a receipt may have some of this, and so may a table of taxes.
    """
    return _is_receipt(read) and read.date.value is not None and _adds_up(read)


def _adds_up(read: Extraction) -> bool:
    """Return whether several goods come to the total; the sum of a single one proves nothing."""
    closes = any(check.closes for check in read.checks if check.name == "items")
    return closes and len(read.line_items) > 1


def _is_copy(first: Extraction, second: Extraction) -> bool:
    """Return whether two parts are a receipt and its copy."""
    same = [first.total.amount, first.date.value, first.time and first.time.value]
    return same == [second.total.amount, second.date.value, second.time and second.time.value]


def _beside(lines: Lines) -> Iterator[tuple[Lines, Lines]]:
    """Yield the lines on the left and on the right of each gap that runs from top to bottom.

    Both sides have a word for a total.
    """
    for x in _gaps(lines)[:_GAPS]:
        parts: tuple[list[TextLine], list[TextLine]] = ([], [])
        for line in lines:
            parts[sum(_edges(line)) > 2 * x].append(line)
        if min(map(len, parts)) >= _LINES:
            yield parts


def _gaps(lines: Lines) -> list[float]:
    """Return the middles of the gaps that hardly a line crosses and that have totals on both sides.

    The widest gap is the first of those that the fewest lines cross.
    """
    totals = [_edges(row.line) for row in read_rows(lines) if row.kind is RowKind.TOTAL]
    if not totals:
        return []
    first, last = min(end for _, end in totals), max(begin for begin, _ in totals)
    begins, ends = (sorted(side) for side in zip(*map(_edges, lines), strict=True))
    gaps = []
    for left, right in pairwise(sorted({*begins, *ends})):
        x = (left + right) / 2
        crossing = bisect_left(begins, x) - bisect_left(ends, x)
        if first < x < last and crossing * _CROSSING <= len(lines):
            gaps.append((crossing, left - right, x))
    return [x for _, _, x in sorted(gaps)]


def _below(lines: Lines, today: date) -> Iterator[tuple[Lines, Lines]]:
    """Yield the rows above and below each wide gap. Both have a total and a date."""
    rows = build_rows(lines)
    read = read_rows(rows)
    totals = [at for at, row in enumerate(read) if row.kind is RowKind.TOTAL and row.amount]
    dates = [at for at, row in enumerate(read) if _has_date(row, today)]
    begin, end = max(totals[:1] + dates[:1], default=0), min(totals[-1:] + dates[-1:], default=0)
    apart = [below.words[0].middle - above.words[0].middle for above, below in pairwise(rows)]
    usual = median(apart) if apart else 0.0
    gaps = [at for at in range(begin + 1, end + 1) if apart[at - 1] > _FAR * usual]
    for at in sorted(gaps, key=lambda at: -apart[at - 1])[:_GAPS]:
        if _LINES <= at <= len(rows) - _LINES:
            yield rows[:at], rows[at:]


def _has_date(row: ReadRow, today: date) -> bool:
    return bool(find_dates(row.text, month_first=False, year_first=False, today=today))


def _edges(line: TextLine) -> tuple[float, float]:
    return line.words[0].left, line.words[-1].right
