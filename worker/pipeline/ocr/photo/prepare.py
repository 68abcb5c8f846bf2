"""Prepares a photo for an engine: the paper alone, level, with print of the right size."""

import cv2
import numpy as np

from worker.pipeline.ocr.decode import Pixels
from worker.pipeline.ocr.photo.letters import Letters, find_letters
from worker.pipeline.ocr.photo.light import evenly_lit
from worker.pipeline.ocr.photo.paper import straightened

# Median height in pixels of letters that engines read well.
_LETTER = 18.0
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


def prepare(pixels: Pixels) -> Pixels:
    """Crop an RGB image to the receipt, level its rows, scale the print and lift shadows.

    The result may be upside down. An image without letters is only limited in size.
    """
    if min(pixels.shape[:2]) < _SMALLEST:
        return pixels
    letters = find_letters(pixels)
    image = straightened(pixels, letters)
    if image is not pixels:
        letters = find_letters(image)
    if not letters.enough:
        return _scaled(image, 1.0)
    angle = letters.direction()
    if abs(angle) > _LEVEL:
        image = _turned(image, angle)
        letters = find_letters(image)
        if not letters.enough:
            return _scaled(image, 1.0)
    return evenly_lit(_scaled(_cropped(image, letters), _LETTER / letters.height))


def _turned(image: Pixels, degrees: float) -> Pixels:
    """Turn an image back by `degrees` on a canvas that holds all of it.

    Quarter turns come first, since they lose nothing.
    """
    quarters = round(degrees / 90)
    image = np.rot90(image, quarters)
    rest = degrees - 90 * quarters
    if abs(rest) <= _LEVEL:
        return np.ascontiguousarray(image)
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), rest, 1.0)
    cosine, sine = abs(turn[0, 0]), abs(turn[0, 1])
    canvas = int(height * sine + width * cosine), int(height * cosine + width * sine)
    turn[:, 2] += (canvas[0] - width) / 2, (canvas[1] - height) / 2
    return np.asarray(
        cv2.warpAffine(image, turn, canvas, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE),
        np.uint8,
    )


def _cropped(image: Pixels, letters: Letters) -> Pixels:
    margin = _MARGIN * letters.height
    left, top = letters.boxes[:, :2].min(axis=0) - margin
    right, bottom = (letters.boxes[:, :2] + letters.boxes[:, 2:]).max(axis=0) + margin
    rows, columns = slice(max(int(top), 0), int(bottom)), slice(max(int(left), 0), int(right))
    return image[rows, columns]


def _scaled(image: Pixels, scale: float) -> Pixels:
    most = (_MOST / (image.shape[0] * image.shape[1])) ** 0.5
    scale = min(scale, most, _ENLARGED)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=how), np.uint8)
