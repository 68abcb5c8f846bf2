"""Finds what is worth another look: misread amounts, gaps in the column of prices, dates."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from worker.pipeline.ocr.text import TextLine, Word
from worker.pipeline.reading.rows.building import build_rows

# The letters of an amount.
AMOUNT = "0123456789.,-"
_PRICE = re.compile(r"[^\w.,]{0,2}\d{1,6}[.,]\d\d\b.{0,2}")
# A price in which a digit looks like something else, or is lost: 4.0C, 2.5(), l.99, 3.5.
_DEBRIS = re.compile(r"\W?[\dOolISBZ]{1,4}[.,][\dOoCDQlISBZ()\[\]|]{1,3}")
# A line that may have an amount: there is a point in a number, or nothing but a number.
_FIGURES = re.compile(r"\d\s?[.,']\s?\w|^\W*\d{1,6}\W*\w?$")
# What a line with a date has at least.
_DATED = re.compile(r"\d\D{0,2}[-./ ,:]|\d{6}")
# A line is read again if its confidence is below this, whatever it holds.
_SURE = 0.97
# Two prices end in one column if their ends are this near, in heights of a line.
_ALIGNED = 1.5
# A gap may reach into the row above or below by this fraction of its height.
_REACH = 0.3
# A column has at least so many prices.
_COLUMN = 3


@dataclass(frozen=True)
class Doubt:
    """Words of one line of a page, or the place of a word that was not read.

    `line` is the index of the line among those of the page, or None where nothing was read.
    `letters` has all that may be there, or is empty where anything may.
    """

    words: tuple[Word, ...]
    line: int | None = None
    letters: str = ""


def amounts_in_doubt(lines: Sequence[TextLine]) -> Iterator[Doubt]:
    """Yield what may hold an amount, the likeliest to gain from another look first."""
    debris = list(_debris(lines))
    yield from debris
    yield from _gaps(build_rows(lines))
    yield from _unsure(lines, _FIGURES, but={doubt.line for doubt in debris})


def dates_in_doubt(lines: Sequence[TextLine]) -> Iterator[Doubt]:
    """Yield the lines that may hold a date, the least certain first."""
    yield from _unsure(lines, _DATED, least=1.0)


def _unsure(
    lines: Sequence[TextLine],
    pattern: re.Pattern[str],
    *,
    least: float = _SURE,
    but: Collection[int | None] = (),
) -> Iterator[Doubt]:
    """Yield the lines with a pattern and less confidence than `least`, the least certain first."""
    unsure = (
        (line.confidence, number)
        for number, line in enumerate(lines)
        if line.confidence < least and number not in but and pattern.search(line.text)
    )
    for _, number in sorted(unsure):
        yield Doubt(lines[number].words, number)


def _debris(lines: Sequence[TextLine]) -> Iterator[Doubt]:
    """Yield the words that would be prices if each of their letters were a digit."""
    for number, line in enumerate(lines):
        for word in line.words:
            if _DEBRIS.fullmatch(word.text) and not _PRICE.fullmatch(word.text):
                yield Doubt((word,), number, AMOUNT)


def _gaps(rows: Sequence[TextLine]) -> Iterator[Doubt]:
    """Yield the places in the column of prices that are blank between two rows with a price."""
    column = _column(rows)
    if len(column) < _COLUMN:
        return
    left = min(word.left for word in column.values())
    right = max(word.right for word in column.values())
    for number in range(min(column) + 1, max(column)):
        end = max(rows[number].words, key=lambda word: word.right)
        nearest = min(column, key=lambda other: abs(other - number))
        price = column[nearest]
        if end.right < left - price.height / 2:
            middle = end.middle + _slope(rows[nearest], price) * (price.left - end.left)
            half = price.height / 2
            gap = Word("", left, middle - half, right, middle + half, 0.0)
            if not any(_overlap(gap, word) for word in column.values()):
                yield Doubt((gap,), None, AMOUNT)


def _overlap(gap: Word, word: Word) -> bool:
    """Return whether a gap reaches into a row that has been read."""
    return min(gap.bottom, word.bottom) - max(gap.top, word.top) > _REACH * gap.height


def _column(rows: Sequence[TextLine]) -> dict[int, Word]:
    """Return the prices that end below each other, by the number of their row."""
    prices = {number: price for number, row in enumerate(rows) if (price := _price(row))}
    if not prices:
        return {}
    right = median(price.right for price in prices.values())
    return {
        number: price
        for number, price in prices.items()
        if abs(price.right - right) < _ALIGNED * price.height
    }


def _slope(row: TextLine, price: Word) -> float:
    """Return how many pixels a row falls for each pixel to the right, by its first word."""
    start = row.words[0]
    across = price.left - start.left
    return (price.middle - start.middle) / across if across > price.height else 0.0


def _price(row: TextLine) -> Word | None:
    """Return the last word of a row that is a price."""
    return next((word for word in reversed(row.words) if _PRICE.fullmatch(word.text)), None)
