"""Printed rows from the lines an engine found.

An engine cuts a row at wide gaps, so that a name and its price come as two lines, and a tilted
photo makes their heights differ. Rows are rebuilt in coordinates turned by the tilt of the text.
"""

import math
from collections.abc import Sequence
from statistics import median

from worker.pipeline.ocr.text import TextLine, Word

# Two pieces share a row when their middles are closer than this part of the smaller height.
_SAME_ROW = 0.5
# A piece is compared with this many of the rows that began last: rows of a column may interleave.
_LOOK_BACK = 4


def build_rows(lines: Sequence[TextLine]) -> list[TextLine]:
    """Rows from top to bottom, the words of each from left to right."""
    tilt = _tilt(lines)
    straight = sorted((_turned(line, tilt) for line in lines), key=_middle)
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


def _tilt(lines: Sequence[TextLine]) -> float:
    """Angle of the text in radians: the median over lines long enough to tell."""
    angles = []
    for line in lines:
        first, last = line.words[0], line.words[-1]
        run = last.left - first.left
        if run > 3 * line.height:
            angles.append(math.atan2(last.middle - first.middle, run))
    return median(angles) if angles else 0.0


def _turned(line: TextLine, tilt: float) -> TextLine:
    if tilt == 0:
        return line
    cosine, sine = math.cos(-tilt), math.sin(-tilt)

    def turned(word: Word) -> Word:
        x, y = (word.left + word.right) / 2, word.middle
        x, y = x * cosine - y * sine, x * sine + y * cosine
        half_width, half_height = (word.right - word.left) / 2, word.height / 2
        return Word(
            word.text,
            x - half_width,
            y - half_height,
            x + half_width,
            y + half_height,
            word.confidence,
        )

    return TextLine(tuple(turned(word) for word in line.words))


def _belongs(line: TextLine, row: Sequence[TextLine]) -> bool:
    nearest = min(row, key=lambda other: abs(_left(other.words[0]) - _left(line.words[0])))
    reach = _SAME_ROW * min(line.height, nearest.height)
    return abs(_middle(line) - _middle(nearest)) < reach


def _middle(line: TextLine) -> float:
    return median(word.middle for word in line.words)


def _left(word: Word) -> float:
    return word.left
