"""Turns pages that are upside down or on their side, which shows only when they are read."""

from collections.abc import Sequence
from dataclasses import dataclass

from worker.pipeline.ocr.decode import DecodedImage, Pixels
from worker.pipeline.ocr.engines.engine import OcrEngine
from worker.pipeline.ocr.photo.prepare import Prepared, prepare
from worker.pipeline.ocr.placing import Matrix, Placed, scaled
from worker.pipeline.ocr.text import TextLine

# A page is upright if the mean confidence of its letters is at least this.
_READ_WELL = 0.85
# A line with this many letters is longer than it is high.
_LONG = 5
# Fewer letters than this prove nothing.
_FEW = 30


@dataclass(frozen=True, eq=False)
class PixelPage:
    """A page to be read: the image prepared for an engine, and the sides of the original.

    `prepared.page` is placed on the original, and `size` has its width and height in pixels.
    """

    prepared: Prepared
    size: tuple[int, int]

    @classmethod
    def of(cls, image: DecodedImage) -> "PixelPage":
        """Prepare an image that was decoded, and place it on the original."""
        prepared = prepare(image.pixels)
        height, width = image.pixels.shape[:2]
        enlarged = scaled(image.original_size[0] / width, image.original_size[1] / height)
        page = Placed(prepared.page.pixels, enlarged @ prepared.page.to_source)
        return cls(Prepared(page, prepared.fine), image.original_size)


@dataclass(frozen=True, eq=False)
class UprightPage:
    """A page in the orientation in which it was read best, and its lines, whose boxes lie on it."""

    size: tuple[int, int]
    upright: Prepared
    lines: Sequence[TextLine]

    @property
    def pixels(self) -> Pixels:
        """The pixels that the engine read."""
        return self.upright.page.pixels

    @property
    def height(self) -> int:
        """Height of the page in pixels."""
        return int(self.pixels.shape[0])

    @property
    def to_original(self) -> Matrix:
        """Maps the pixels that the engine read to those of the original."""
        return self.upright.page.to_source


def read_upright(page: PixelPage, engine: OcrEngine) -> UprightPage:
    """Read a page in the orientation in which most of it can be read.

    A page whose lines run up or down is turned by 90° and read again; one of which little could
    be read is also read upside down.
    """
    read = _read(page.size, page.prepared, engine)
    if _lies_on_its_side(read):
        read = _read(page.size, read.upright.quarter_turned(1), engine)
    if _well_read(read) >= _READ_WELL:
        return read
    other = _read(page.size, read.upright.quarter_turned(2), engine)
    return max(read, other, key=_letters_read)


def _read(size: tuple[int, int], page: Prepared, engine: OcrEngine) -> UprightPage:
    return UprightPage(size, page, engine.read(page.page.pixels))


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
