"""Finds the logo of a PDF whose text is a layer: a picture, or outlines, at the top of the page."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium

from worker.pipeline.ocr.decode import Pixels
from worker.pipeline.ocr.text import TextLine, Word

Box = tuple[float, float, float, float]

# The logo begins in this part of the page, or this far from the top, in 1/72 inch.
_PART, _DEPTH = 0.2, 150
# Less than this in 1/72 inch is a rule or a dot, and more than this part of a page is a background.
_THIN, _BACKGROUND = 5, 0.5
# A page has far fewer objects; a hostile one is not searched to its end.
_SEARCHED = 2000
# Height and width in pixels to which a logo is drawn, and the margin that engines need around it.
_HEIGHT, _WIDTH, _MARGIN = 100, 1000, 12
# Letters of fewer pixels cannot be read, and a page cannot be drawn to less than one pixel.
_LEGIBLE = 8
_WHITE = (255, 255, 255)


@dataclass(frozen=True, eq=False)
class Logo:
    """The part of a page that has the logo, in RGB. `left` and `top` are where it lies on the page,
    in pixels of the page, of which each pixel of the logo has `scale`."""

    pixels: Pixels
    left: float
    top: float
    scale: float

    def on_page(self, lines: Sequence[TextLine], known: Sequence[TextLine]) -> Iterator[TextLine]:
        """Yield the lines that were read on the logo at their places on the page, without those
        that lie over `known` lines of the page."""
        for line in lines:
            placed = TextLine(tuple(map(self._placed, line.words)))
            if not any(_overlap(placed, other) for other in known):
                yield placed

    def _placed(self, word: Word) -> Word:
        return Word(
            word.text,
            self.left + word.left * self.scale,
            self.top + word.top * self.scale,
            self.left + word.right * self.scale,
            self.top + word.bottom * self.scale,
            word.confidence,
        )


def find_logo(page: pypdfium2.PdfPage, boxes: Sequence[Box], scale: float) -> Logo | None:
    """Draw what lies around the pictures at the top of a page; None if there are none to read.

    `boxes` are those of the page's objects (left, top, right, bottom) in pixels, of which there
    are `scale` in a unit of the page.
    """
    width, height = (side * scale for side in page.get_size())
    depth = max(_PART * height, _DEPTH * scale)
    found = [
        box
        for box in boxes
        if box[1] < depth
        and min(box[2] - box[0], box[3] - box[1]) > _THIN * scale
        and (box[2] - box[0]) * (box[3] - box[1]) < _BACKGROUND * width * height
    ]
    if not found:
        return None
    lefts, tops, rights, bottoms = zip(*found, strict=True)
    left, top = max(min(lefts), 0), max(min(tops), 0)
    right, bottom = min(max(rights), width), min(max(bottoms), height)
    if right <= left or bottom <= top:
        return None
    zoom = min(_HEIGHT / (bottom - top), _WIDTH / (right - left), 1.0)
    if min(bottom - top, right - left) * zoom < _LEGIBLE:
        return None
    crop = tuple(side / scale for side in (left, height - bottom, width - right, top))
    with closing(page.render(scale=scale * zoom, crop=crop, rev_byteorder=True)) as bitmap:
        drawn = np.ascontiguousarray(bitmap.to_numpy()[:, :, :3])
    pixels = cv2.copyMakeBorder(
        drawn, _MARGIN, _MARGIN, _MARGIN, _MARGIN, cv2.BORDER_CONSTANT, value=_WHITE
    )
    margin = _MARGIN / zoom
    return Logo(np.asarray(pixels, np.uint8), left - margin, top - margin, 1 / zoom)


def pictures(page: pypdfium2.PdfPage) -> Iterator[Box]:
    """Yield the bounds of the images and outlines of a page: left, bottom, right and top in its
    units."""
    kinds = [pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_PATH]
    for found in islice(page.get_objects(filter=kinds), _SEARCHED):
        yield found.get_bounds()


def _overlap(line: TextLine, other: TextLine) -> bool:
    """Return whether the middle of a line lies inside another."""
    first, last = line.words[0], line.words[-1]
    x, y = (first.left + last.right) / 2, first.middle
    top = min(word.top for word in other.words)
    bottom = max(word.bottom for word in other.words)
    return top <= y <= bottom and other.words[0].left <= x <= other.words[-1].right
