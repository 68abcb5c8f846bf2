"""Finds the letters of an image without reading them, to learn the size and angle of the print."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from worker.pipeline.ocr.decode import Pixels

Boxes = npt.NDArray[np.float64]
Grey = npt.NDArray[np.uint8]

# Longest side in pixels of the image in which letters are looked for.
_LOOK_AT = 2000
# Fewer letters prove nothing; more are the weave of a cloth.
_FEW, _ABSURD = 40, 20_000
# Heights of letters at that size in pixels.
_SMALLEST, _LARGEST = 5, 70
# Print is darker than the mean of a square with this side in pixels by at least this fraction,
_AROUND, _DARKER = 41, 0.068
# by this many standard deviations of the noise, and by this much on a 0–255 scale.
_NOISES, _LEAST = 3.0, 4.0
# Directions to the nearest letter are counted in steps of this many degrees.
_STEP = 2.0
_NEIGHBOURS = 5
# FLANN's number for its k-d tree index.
_KD_TREE = 1


@dataclass(frozen=True)
class Letters:
    """Boxes of letters, shape (n, 4): left, top, width, height in pixels of the image."""

    boxes: Boxes

    @property
    def enough(self) -> bool:
        """Whether there are enough letters to rely on."""
        return len(self.boxes) >= _FEW

    @property
    def height(self) -> float:
        """The median height of a letter in pixels, weighted by height, since faint print falls
        into many small pieces."""
        heights = np.sort(self.boxes[:, 3])
        above = np.cumsum(heights)
        return float(heights[np.searchsorted(above, above[-1] / 2)])

    def direction(self) -> float:
        """Return the angle of the rows in degrees from -90 (excluded) to 90, clockwise.

        A letter's nearest neighbour is mostly in its own row (the idea of O'Gorman's docstrum,
        1993), which gives the angle to a few degrees; rows line up best at the exact angle.
        """
        middles = _middles(self.boxes)
        return _sharpest(middles, _commonest(middles), self.height)


def find_letters(pixels: Pixels) -> Letters:
    """Find everything that has the size of a letter and is next to others like it."""
    scale = min(_LOOK_AT / max(pixels.shape[:2]), 1.0)
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    ink = _ink(np.asarray(small, np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    width, height, area = stats[1:, 2], stats[1:, 3], stats[1:, 4]
    alike = (
        (height >= _SMALLEST)
        & (height <= _LARGEST)
        & (width <= 2.5 * height)
        & (height <= 8 * width)
        & (area >= 0.15 * width * height)
    )
    boxes = stats[1:, :4][alike].astype(float)
    return Letters(_with_others(boxes) / scale)


def _ink(grey: Grey) -> Grey:
    """Return 255 where a pixel is darker than its surroundings by a fraction of their brightness.

    The difference is relative because dark paper differs little from its print, but it must also
    exceed the noise.
    """
    around = cv2.blur(grey, (_AROUND, _AROUND))
    least = max(_NOISES * _noise(grey), _LEAST)
    darker = np.maximum(np.arange(256) * _DARKER, least).clip(max=255)
    limit = cv2.LUT(around, np.asarray(darker, np.uint8))
    return np.asarray(cv2.compare(cv2.subtract(around, grey), limit, cv2.CMP_GT), np.uint8)


def _noise(grey: Grey) -> float:
    """Estimate the standard deviation of the noise on a 0–255 scale (Immerkaer 1996).

    The mask yields 0 where brightness is constant or a slope. The median replaces the mean, since
    the mask also responds to print.
    """
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    answers = np.abs(cv2.filter2D(grey, cv2.CV_16S, mask))
    return float(np.median(answers)) / (6 * 0.6745)


def _with_others(boxes: Boxes) -> Boxes:
    """Keep the boxes that have two others of a similar height close by, which specks lack."""
    if not _FEW <= len(boxes) <= _ABSURD:
        return boxes[:0]
    heights = boxes[:, 3]
    near, distance = _neighbours(_middles(boxes))
    close = distance < 3 * heights[:, None]
    alike = np.abs(np.log(heights[near] / heights[:, None])) < 0.5
    return np.asarray(boxes[(close & alike).sum(axis=1) >= 2])


def _commonest(middles: Boxes) -> float:
    """Return the commonest direction to a nearest neighbour in degrees, to a few degrees."""
    near, _ = _neighbours(middles)
    apart = middles[near[:, 0]] - middles
    angles = np.degrees(np.arctan2(apart[:, 1], apart[:, 0])) % 180
    counts, edges = np.histogram(angles, bins=np.arange(0, 180 + _STEP, _STEP))
    # A direction may lie between two steps, or on both sides of 0.
    around = counts + np.roll(counts, 1) + np.roll(counts, -1)
    angle = float(edges[around.argmax()] + _STEP / 2)
    return angle - 180 if angle > 90 else angle


def _neighbours(middles: Boxes) -> tuple[npt.NDArray[np.intp], Boxes]:
    """Return the indices of each letter's nearest others and their distances in pixels, two
    arrays of shape (n, 5)."""
    tree = cv2.flann.Index(middles.astype(np.float32), {"algorithm": _KD_TREE, "trees": 4})
    near, squares = tree.knnSearch(middles.astype(np.float32), 1 + _NEIGHBOURS, params={})
    # The nearest of all is the letter itself.
    return near[:, 1:].astype(np.intp), np.sqrt(squares[:, 1:].astype(float))


def _middles(boxes: Boxes) -> Boxes:
    return np.asarray(boxes[:, :2] + boxes[:, 2:] / 2)


def _sharpest(middles: Boxes, near: float, height: float) -> float:
    """Return the angle within five degrees of `near` at which letters gather in the fewest rows."""

    def gathered(degrees: float) -> float:
        angle = np.radians(degrees)
        down = middles[:, 1] * np.cos(angle) - middles[:, 0] * np.sin(angle)
        rows = np.bincount(((down - down.min()) / (height / 3)).astype(int))
        return float((rows.astype(float) ** 2).sum())

    return float(max(np.arange(near - 5, near + 5.1, 0.25), key=gathered))
