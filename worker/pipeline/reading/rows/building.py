"""Builds printed rows from the lines that an engine found.

An engine cuts a row at wide gaps, so that a name and its price are two lines, which are at
different heights in a tilted photo. Rows are rebuilt along the slope of the text.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from statistics import median

from worker.pipeline.ocr.text import TextLine, Word

# Two pieces share a row if their middles are closer than this fraction of the smaller height.
_SAME_ROW = 0.5
# A piece is compared with this many of the last rows, since rows of columns may interleave.
_LOOK_BACK = 4
# Fewer lines than this do not show how the slope changes.
_FEW = 8


@dataclass(frozen=True)
class Slope:
    """The slope of rows, in pixels down for each pixel to the right.

    It is `at_top` at the top and changes by `change` with each pixel down, since rows in a photo
    taken from the side spread like a fan.
    """

    at_top: float = 0.0
    change: float = 0.0

    def levelled(self, x: float, y: float) -> float:
        """Return the height at which the row through a point starts at the left edge."""
        return (y - self.at_top * x) / (1 + self.change * x)


@dataclass(frozen=True)
class _Level:
    """A line at the height at which its row starts, and the same as it was read."""

    level: TextLine
    read: TextLine


def build_rows(lines: Sequence[TextLine]) -> list[TextLine]:
    """Join lines into rows, from top to bottom, with their words from left to right."""
    slope = _slope(lines)
    straight = sorted((_Level(_levelled(line, slope), line) for line in lines), key=_height)
    rows: list[list[_Level]] = []
    for line in straight:
        row = _row_of(line, rows)
        if row is None:
            rows.append([line])
        else:
            row.append(line)
    return [
        TextLine(tuple(sorted((word for line in row for word in line.read.words), key=_left)))
        for row in rows
    ]


def _row_of(line: _Level, rows: Sequence[list[_Level]]) -> list[_Level] | None:
    """Return the row that a line belongs to, if it is one of the last few."""
    last = reversed(rows[-_LOOK_BACK:])
    return next((row for row in last if _belongs(line.level, [on.level for on in row])), None)


def _slope(lines: Sequence[TextLine]) -> Slope:
    """Estimate the slope by the median over the lines that are long enough.

    Its change is the median over pairs of lines (the estimator of Theil, 1950, and Sen, 1968).
    """
    points = [
        (first.middle, (last.middle - first.middle) / (_centre(last) - _centre(first)))
        for line in lines
        for first, last in [(line.words[0], line.words[-1])]
        if _centre(last) - _centre(first) > 3 * line.height
    ]
    if not points:
        return Slope()
    apart = (max(points)[0] - min(points)[0]) / 4
    changes = [
        (below[1] - above[1]) / (below[0] - above[0])
        for above, below in combinations(sorted(points), 2)
        if below[0] - above[0] >= apart > 0
    ]
    # Rows cannot spread so much that they would meet inside the page.
    most = 0.5 / max(line.words[-1].right for line in lines)
    change = min(max(median(changes), -most), most) if changes and len(points) >= _FEW else 0.0
    return Slope(median(slope - change * y for y, slope in points), change)


def _levelled(line: TextLine, slope: Slope) -> TextLine:
    def level(word: Word) -> Word:
        middle = slope.levelled(_centre(word), word.middle)
        half = word.height / 2
        return replace(word, top=middle - half, bottom=middle + half)

    return TextLine(tuple(level(word) for word in line.words))


def _belongs(line: TextLine, row: Sequence[TextLine]) -> bool:
    nearest = min(row, key=lambda other: abs(_left(other.words[0]) - _left(line.words[0])))
    reach = _SAME_ROW * min(line.height, nearest.height)
    return abs(_middle(line) - _middle(nearest)) < reach


def _centre(word: Word) -> float:
    return (word.left + word.right) / 2


def _middle(line: TextLine) -> float:
    return median(word.middle for word in line.words)


def _height(line: _Level) -> float:
    return _middle(line.level)


def _left(word: Word) -> float:
    return word.left
