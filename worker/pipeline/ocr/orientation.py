"""Pages that stand on their heads or lie on their side: print has no direction until it is read."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from worker.pipeline.ocr.decode import Pixels
from worker.pipeline.ocr.engines.engine import OcrEngine
from worker.pipeline.ocr.text import TextLine

# A page that is read as well as this stands upright; the mean confidence of its letters.
_READ_WELL = 0.85
# Letters of a line that is longer than high.
_LONG = 5
# Fewer letters than this prove nothing.
_FEW = 30


@dataclass(frozen=True)
class UprightPage:
    """A page as it was read best, and its lines, whose boxes lie on it."""

    pixels: Pixels
    lines: Sequence[TextLine]

    @property
    def height(self) -> int:
        """In pixels."""
        return int(self.pixels.shape[0])


def read_upright(pixels: Pixels, engine: OcrEngine) -> UprightPage:
    """Read a page; once more where its lines turn out to stand upright, and turned by 180° where
    little of it can be read."""
    page = UprightPage(pixels, engine.read(pixels))
    if _lies_on_its_side(page):
        pixels = np.ascontiguousarray(np.rot90(pixels))
        page = UprightPage(pixels, engine.read(pixels))
    if _well_read(page) >= _READ_WELL:
        return page
    turned = np.ascontiguousarray(pixels[::-1, ::-1])
    return max(page, UprightPage(turned, engine.read(turned)), key=_letters_read)


def _lies_on_its_side(page: UprightPage) -> bool:
    """Whether most of what was read stands in boxes higher than wide: engines turn these."""
    longer = [line for line in page.lines if len(line.text) >= _LONG]
    standing = sum(len(line.text) for line in longer if _is_standing(line))
    return standing * 2 > sum(len(line.text) for line in longer)


def _is_standing(line: TextLine) -> bool:
    width = max(word.right for word in line.words) - min(word.left for word in line.words)
    height = max(word.bottom for word in line.words) - min(word.top for word in line.words)
    return height > width


def _letters_read(page: UprightPage) -> float:
    """How many letters were read, each as far as it is believed."""
    return sum(len(line.text) * line.confidence for line in page.lines)


def _well_read(page: UprightPage) -> float:
    letters = sum(len(line.text) for line in page.lines)
    return _letters_read(page) / letters if letters >= _FEW else 0.0
