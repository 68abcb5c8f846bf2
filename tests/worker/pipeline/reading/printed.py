"""Reads receipts from plain text, as if an engine had recognised it."""

from datetime import date
from textwrap import dedent

from shared.contracts.receipts.extraction import Extraction
from shared.contracts.receipts.requests import NO_HINTS, ReadingHints
from worker.pipeline.ocr.text import TextLine, Word
from worker.pipeline.reading.places import Places
from worker.pipeline.reading.receipt import NOWHERE, read_receipt

TODAY = date(2026, 11, 23)


def lines_of(text: str, left: float = 0.0, top: float = 0.0) -> list[TextLine]:
    """Return rows of text as if an engine had found each as a line, with ten pixels per letter."""
    lines = []
    for number, row in enumerate(dedent(text).strip("\n").splitlines()):
        begin, above, words = left, top + number * 30, []
        for word in row.split():
            end = begin + 10 * len(word)
            words.append(Word(word, begin, above, end, above + 20, 0.95))
            begin = end + 10
        if words:
            lines.append(TextLine(tuple(words)))
    return lines


def read(text: str, hints: ReadingHints = NO_HINTS, places: Places = NOWHERE) -> Extraction:
    """Read rows of text as if an engine had recognised them."""
    return read_receipt(lines_of(text), today=TODAY, hints=hints, places=places)


def items(text: str) -> list[tuple[str, str, str, str | None]]:
    """Return the name, price, quantity and unit of each item."""
    return [
        (item.parsed_name, str(item.total_price), f"{item.quantity.normalize():f}", item.unit)
        for item in read(text).line_items
    ]


def names(text: str) -> list[str]:
    """Return the names of the items."""
    return [name for name, *_ in items(text)]
