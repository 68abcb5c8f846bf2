"""Finds the receipts on an image that shows several, side by side or one above the other.

A receipt is never split on its looks alone, since names and prices have a gap between them as well,
and slips and coupons follow many receipts. Each part has to be a receipt by itself.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import pairwise
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
    ways = ((_beside, _is_receipt), (_below, _is_proved)) if depth else ()
    for split, is_one in ways:
        for parts in split(lines, today):
            if _are_two(parts, is_one, today):
                return [half for part in parts for half in _parts(part, today, depth - 1)]
    return [lines]


def _are_two(parts: tuple[Lines, Lines], is_one: Callable[[Extraction], bool], today: date) -> bool:
    """Return whether both parts are receipts. The second is only read if the first is one."""
    first = read_receipt(parts[0], today=today)
    if not is_one(first):
        return False
    second = read_receipt(parts[1], today=today)
    return is_one(second) and not _is_copy(first, second)


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


def _beside(lines: Lines, today: date) -> Iterator[tuple[Lines, Lines]]:
    """Yield the lines on the left and on the right of each gap that runs from top to bottom.

    Both sides have a word for a total.
    """
    totals = [_edges(row.line) for row in read_rows(lines) if row.kind is RowKind.TOTAL]
    edges = sorted({edge for line in lines for edge in _edges(line)})
    middles = {(left + right) / 2: right - left for left, right in pairwise(edges)}
    crossing = {
        x: _crossing(lines, x)
        for x in middles
        if any(end < x for _, end in totals) and any(begin > x for begin, _ in totals)
    }
    # The widest gap first, of those that the fewest lines cross.
    gaps = sorted(crossing, key=lambda x: (crossing[x], -middles[x]))
    for x in gaps[:_GAPS]:
        parts: tuple[list[TextLine], list[TextLine]] = ([], [])
        for line in lines:
            parts[sum(_edges(line)) > 2 * x].append(line)
        if crossing[x] * _CROSSING <= len(lines) and min(map(len, parts)) >= _LINES:
            yield parts


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


def _crossing(lines: Lines, x: float) -> int:
    """Count the lines that are on both sides of a place."""
    return sum(begin < x < end for begin, end in map(_edges, lines))


def _edges(line: TextLine) -> tuple[float, float]:
    return line.words[0].left, line.words[-1].right
