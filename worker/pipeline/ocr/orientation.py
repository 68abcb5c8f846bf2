"""Turns pages that are upside down or on their side, which shows only when they are read."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from worker.pipeline.ocr.decode import Pixels
from worker.pipeline.ocr.engines.engine import OcrEngine
from worker.pipeline.ocr.text import TextLine

# A page is upright if the mean confidence of its letters is at least this.
_READ_WELL = 0.85
# A line with this many letters is longer than it is high.
_LONG = 5
# Fewer letters than this prove nothing.
_FEW = 30


@dataclass(frozen=True)
class UprightPage:
    """A page in the orientation in which it was read best, and its lines, whose boxes lie on it."""

    pixels: Pixels
    lines: Sequence[TextLine]

    @property
    def height(self) -> int:
        """Height of the page in pixels."""
        return int(self.pixels.shape[0])


def read_upright(pixels: Pixels, engine: OcrEngine) -> UprightPage:
    """Read a page in the orientation in which most of it can be read.

    A page whose lines run up or down is turned by 90° and read again; one of which little could
    be read is also read upside down.
    """
    page = UprightPage(pixels, engine.read(pixels))
    if _lies_on_its_side(page):
        pixels = np.ascontiguousarray(np.rot90(pixels))
        page = UprightPage(pixels, engine.read(pixels))
    if _well_read(page) >= _READ_WELL:
        return page
    turned = np.ascontiguousarray(pixels[::-1, ::-1])
    return max(page, UprightPage(turned, engine.read(turned)), key=_letters_read)


def _lies_on_its_side(page: UprightPage) -> bool:
    """Return whether most of the text is in boxes higher than wide, which engines read, too."""
    longer = [line for line in page.lines if len(line.text) >= _LONG]
    standing = sum(len(line.text) for line in longer if _is_standing(line))
    return standing * 2 > sum(len(line.text) for line in longer)


def _is_standing(line: TextLine) -> bool:
    width = max(word.right for word in line.words) - min(word.left for word in line.words)
    height = max(word.bottom for word in line.words) - min(word.top for word in line.words)
    return height > width


def _letters_read(page: UprightPage) -> float:
    """Return how many letters were read, weighted by their confidence."""
    return sum(len(line.text) * line.confidence for line in page.lines)


def _well_read(page: UprightPage) -> float:
    """Return the mean confidence of a page's letters; 0 if there are too few to judge."""
    letters = sum(len(line.text) for line in page.lines)
    return _letters_read(page) / letters if letters >= _FEW else 0.0
