"""Printed rows from the lines an engine found.

An engine cuts a row at wide gaps, so that a name and its price come as two lines, and a tilted
photo makes their heights differ. Rows are rebuilt along the slope of the text.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from statistics import median

from worker.pipeline.ocr.text import TextLine, Word

# Two pieces share a row when their middles are closer than this part of the smaller height.
_SAME_ROW = 0.5
# A piece is compared with this many of the rows that began last: rows of a column may interleave.
_LOOK_BACK = 4
# Fewer lines than this do not tell how the slope changes.
_FEW = 8


@dataclass(frozen=True)
class Slope:
    """How rows run: `at_top`, in pixels down for each to the right, and by how much it changes with
    each pixel down, for the rows of a page that was seen from the side run like a fan."""

    at_top: float = 0.0
    change: float = 0.0

    def levelled(self, x: float, y: float) -> float:
        """Where the row through this point starts, at the left edge."""
        return (y - self.at_top * x) / (1 + self.change * x)


def build_rows(lines: Sequence[TextLine]) -> list[TextLine]:
    """Rows from top to bottom, the words of each from left to right."""
    slope = _slope(lines)
    straight = sorted((_levelled(line, slope) for line in lines), key=_middle)
    rows: list[list[TextLine]] = []
    for line in straight:
        for row in reversed(rows[-_LOOK_BACK:]):
            if _belongs(line, row):
                row.append(line)
                break
        else:
            rows.append([line])
    return [
        TextLine(tuple(sorted((word for line in row for word in line.words), key=_left)))
        for row in rows
    ]


def _slope(lines: Sequence[TextLine]) -> Slope:
    """The one that most lines long enough to tell agree on (Theil 1950, Sen 1968: the median of the
    lines through every two points)."""
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
    # A fan whose rows meet inside the page is none.
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


def _left(word: Word) -> float:
    return word.left
