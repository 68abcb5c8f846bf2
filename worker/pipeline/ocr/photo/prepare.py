"""Prepares a photo for an engine: the paper alone, level, with print of the right size."""

from dataclasses import dataclass

import cv2
import numpy as np

from worker.pipeline.ocr.decode import Pixels
from worker.pipeline.ocr.photo.letters import Letters, find_letters
from worker.pipeline.ocr.photo.light import evenly_lit
from worker.pipeline.ocr.photo.paper import straightened
from worker.pipeline.ocr.placing import Placed, scaled

# Median height in pixels of letters that engines read well.
_LETTER = 18.0
# Median height in pixels of the letters of the fine image. A recogniser scales a line to 48 pixels,
# in which a letter has about this height.
_FINE = 30.0
# The fine image is kept if it has at least this many times the pixels of the page along each side.
_FINER = 1.2
# The most pixels of the fine image, in bytes of memory too.
_MOST_FINE = 8_000_000
# Print is enlarged at most this many times, since more shows nothing new.
_ENLARGED = 2.0
# The most pixels that an engine gets, which bounds its time. A hundred rows take one million.
_MOST = 4_000_000
# An image with a side shorter than this many pixels holds no print.
_SMALLEST = 8
# The margin around the outermost letters, in letter heights.
_MARGIN = 3.0
# A tilt below this many degrees is left alone, since rows are rebuilt along their slope.
_LEVEL = 0.7


@dataclass(frozen=True, eq=False)
class Prepared:
    """A page, and the same in grey with finer print if the image has it, to look again.

    `fine` has the shape (height, width), and the sides of the page times one factor.
    """

    page: Placed
    fine: Pixels | None = None

    def quarter_turned(self, quarters: int) -> "Prepared":
        """Turn both counter-clockwise by quarters, as `numpy.rot90` does."""
        fine = None if self.fine is None else np.ascontiguousarray(np.rot90(self.fine, quarters))
        return Prepared(self.page.quarter_turned(quarters), fine)


def prepare(pixels: Pixels) -> Prepared:
    """Crop an RGB image to the receipt, level its rows, scale the print and lift shadows.

    The result may be upside down. An image without letters is only limited in size.
    """
    given = Placed.same(pixels)
    if min(pixels.shape[:2]) < _SMALLEST:
        return Prepared(given)
    letters = find_letters(pixels)
    image = straightened(given, letters)
    if image is not given:
        letters = find_letters(image.pixels)
    if not letters.enough:
        return Prepared(_scaled(image, 1.0))
    angle = letters.direction()
    if abs(angle) > _LEVEL:
        image = _turned(image, angle)
        letters = find_letters(image.pixels)
        if not letters.enough:
            return Prepared(_scaled(image, 1.0))
    cropped = _cropped(image, letters)
    prepared = _scaled(cropped, _LETTER / letters.height)
    page = Placed(evenly_lit(prepared.pixels), prepared.to_source)
    return Prepared(page, _fine(cropped.pixels, page.pixels, letters.height))


def _fine(cropped: Pixels, page: Pixels, letter: float) -> Pixels | None:
    """Return the grey image with finer print than the page has, or None if there is none."""
    height, width = cropped.shape[:2]
    scale = min(1.0, _FINE / letter, (_MOST_FINE / (height * width)) ** 0.5)
    if scale * height < _FINER * page.shape[0]:
        return None
    grey = cv2.cvtColor(cropped, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def _turned(image: Placed, degrees: float) -> Placed:
    """Turn an image back by `degrees` on a canvas that holds all of it.

    Quarter turns come first, since they lose nothing.
    """
    quarters = round(degrees / 90)
    image = image.quarter_turned(quarters)
    rest = degrees - 90 * quarters
    if abs(rest) <= _LEVEL:
        return image
    height, width = image.pixels.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), rest, 1.0)
    cosine, sine = abs(turn[0, 0]), abs(turn[0, 1])
    canvas = int(height * sine + width * cosine), int(height * cosine + width * sine)
    turn[:, 2] += (canvas[0] - width) / 2, (canvas[1] - height) / 2
    turned = cv2.warpAffine(
        image.pixels, turn, canvas, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
    )
    back = np.linalg.inv(np.vstack([turn, [0, 0, 1]]))
    return image.turned_into(np.asarray(turned, np.uint8), back)


def _cropped(image: Placed, letters: Letters) -> Placed:
    margin = _MARGIN * letters.height
    left, top = letters.boxes[:, :2].min(axis=0) - margin
    right, bottom = (letters.boxes[:, :2] + letters.boxes[:, 2:]).max(axis=0) + margin
    return image.cut(slice(max(int(top), 0), int(bottom)), slice(max(int(left), 0), int(right)))


def _scaled(image: Placed, scale: float) -> Placed:
    height, width = image.pixels.shape[:2]
    most = (_MOST / (height * width)) ** 0.5
    scale = min(scale, most, _ENLARGED)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    resized = cv2.resize(image.pixels, None, fx=scale, fy=scale, interpolation=how)
    # The sides are rounded to whole pixels.
    back = scaled(width / resized.shape[1], height / resized.shape[0])
    return image.turned_into(np.asarray(resized, np.uint8), back)
