"""Pages as they were read, with a box around each word in the colour of its row's role."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from shared.contracts.receipts.extraction import Extraction
from worker.pipeline.observation import SeenPage
from worker.pipeline.ocr.text import TextLine
from worker.pipeline.reading.fields.dates import find_dates
from worker.pipeline.reading.rows.building import build_rows

Role = Literal["item", "total", "date", "merchant", "none"]


@dataclass(frozen=True)
class Box:
    """The box around a word, in pixels of the page. `title` is the word and its confidence."""

    left: float
    top: float
    width: float
    height: float
    role: Role
    title: str


@dataclass(frozen=True)
class DrawnPage:
    """A page and its boxes, in pixels. `image` is a data URL; None for the text layer of a PDF."""

    image: str | None
    width: int
    height: int
    boxes: Sequence[Box]


def draw(page: SeenPage, read: Extraction | None) -> DrawnPage:
    """Draw a box around each word of a page, coloured by what `read` made of its row."""
    image = page.jpeg and f"data:image/jpeg;base64,{base64.b64encode(page.jpeg).decode()}"
    return DrawnPage(image or None, page.width, page.height, list(_boxes(page.lines, read)))


def _boxes(lines: Sequence[TextLine], read: Extraction | None) -> Iterator[Box]:
    for row in build_rows(lines):
        role = _role(row.text, read) if read else "none"
        for word in row.words:
            yield Box(
                left=round(word.left, 1),
                top=round(word.top, 1),
                width=round(word.right - word.left, 1),
                height=round(word.height, 1),
                role=role,
                title=f"{word.text} ({word.confidence:.2f})",
            )


def _role(row: str, read: Extraction) -> Role:
    # Matched by text, because a result keeps no positions; an item keeps the text of its rows.
    if any(row in item.raw_text.split("\n") for item in read.line_items):
        return "item"
    if read.total.amount is not None and _digits(f"{read.total.amount}") in _digits(row).split():
        return "total"
    if read.date.value and read.date.value in _dates(row):
        return "date"
    name = (read.merchant.name or "").upper()
    return "merchant" if name and (name in row.upper() or row.upper() in name) else "none"


def _digits(text: str) -> str:
    """Remove all but digits and spaces, so that 1,234.50 and 1.234,50 are the same."""
    return "".join(letter for letter in text if letter.isdigit() or letter == " ")


def _dates(row: str) -> set[str]:
    today = datetime.now(UTC).date()
    return {
        found.value.isoformat()
        for month_first in (False, True)
        for found in find_dates(row, month_first=month_first, today=today)
    }
