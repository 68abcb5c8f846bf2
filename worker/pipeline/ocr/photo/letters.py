"""The letters of an image, without reading them: how large the print is, and how it runs."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from worker.pipeline.ocr.decode import Pixels

Boxes = npt.NDArray[np.float64]
Grey = npt.NDArray[np.uint8]

# Longest side at which letters are looked for; pixels.
_LOOK_AT = 2000
# Of fewer nothing is believed that they tell; more are the weave of a cloth.
_FEW, _ABSURD = 40, 20_000
# Heights of letters at that size; pixels.
_SMALLEST, _LARGEST = 5, 70
# Print is darker than the mean of a square of so many pixels around it by at least this part,
_AROUND, _DARKER = 41, 0.068
# so many standard deviations of the noise, and so much of 255.
_NOISES, _LEAST = 3.0, 4.0
# Directions to the nearest letter are counted in steps of so many degrees.
_STEP = 2.0
_NEIGHBOURS = 5
# The name of the algorithm in FLANN.
_KD_TREE = 1


@dataclass(frozen=True)
class Letters:
    """Boxes of letters, shape (n, 4): left, top, width, height; pixels of the image."""

    boxes: Boxes

    @property
    def enough(self) -> bool:
        """Whether there are so many that they tell something."""
        return len(self.boxes) >= _FEW

    @property
    def height(self) -> float:
        """The median height of a letter, each counted as often as it is high: faint print comes in
        pieces, many and small."""
        heights = np.sort(self.boxes[:, 3])
        above = np.cumsum(heights)
        return float(heights[np.searchsorted(above, above[-1] / 2)])

    def direction(self) -> float:
        """The angle at which rows run, in degrees from -90 (excluded) to 90; positive is clockwise.

        Each letter's nearest neighbour stands in its own row, before or behind it (the idea of
        O'Gorman's docstrum, 1993); rows then line up best at the exact angle.
        """
        middles = _middles(self.boxes)
        return _sharpest(middles, _commonest(middles), self.height)


def find_letters(pixels: Pixels) -> Letters:
    """Everything in the image that has the size of a letter and others beside it."""
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
    """255 where it is darker than what lies around it: by a part of that, for print in the dark
    differs from its paper by little, but by more than noise does."""
    around = cv2.blur(grey, (_AROUND, _AROUND))
    least = max(_NOISES * _noise(grey), _LEAST)
    darker = np.maximum(np.arange(256) * _DARKER, least).clip(max=255)
    limit = cv2.LUT(around, np.asarray(darker, np.uint8))
    return np.asarray(cv2.compare(cv2.subtract(around, grey), limit, cv2.CMP_GT), np.uint8)


def _noise(grey: Grey) -> float:
    """Its standard deviation, of 255 (Immerkaer 1996: a mask that flat and sloping places answer
    with nothing; the median, for print answers, too)."""
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    answers = np.abs(cv2.filter2D(grey, cv2.CV_16S, mask))
    return float(np.median(answers)) / (6 * 0.6745)


def _with_others(boxes: Boxes) -> Boxes:
    """Those that have two more of about their height close by: specks have none."""
    if not _FEW <= len(boxes) <= _ABSURD:
        return boxes[:0]
    heights = boxes[:, 3]
    near, distance = _neighbours(_middles(boxes))
    close = distance < 3 * heights[:, None]
    alike = np.abs(np.log(heights[near] / heights[:, None])) < 0.5
    return np.asarray(boxes[(close & alike).sum(axis=1) >= 2])


def _commonest(middles: Boxes) -> float:
    """The commonest direction to a nearest neighbour, in degrees; to a few degrees."""
    near, _ = _neighbours(middles)
    apart = middles[near[:, 0]] - middles
    angles = np.degrees(np.arctan2(apart[:, 1], apart[:, 0])) % 180
    counts, edges = np.histogram(angles, bins=np.arange(0, 180 + _STEP, _STEP))
    # A direction may lie between two steps, or on both sides of 0.
    around = counts + np.roll(counts, 1) + np.roll(counts, -1)
    angle = float(edges[around.argmax()] + _STEP / 2)
    return angle - 180 if angle > 90 else angle


def _neighbours(middles: Boxes) -> tuple[npt.NDArray[np.intp], Boxes]:
    """Of each, the nearest others and how far away they are: two arrays of shape (n, few)."""
    tree = cv2.flann.Index(middles.astype(np.float32), {"algorithm": _KD_TREE, "trees": 4})
    near, squares = tree.knnSearch(middles.astype(np.float32), 1 + _NEIGHBOURS, params={})
    # The nearest of all is the letter itself.
    return near[:, 1:].astype(np.intp), np.sqrt(squares[:, 1:].astype(float))


def _middles(boxes: Boxes) -> Boxes:
    return np.asarray(boxes[:, :2] + boxes[:, 2:] / 2)


def _sharpest(middles: Boxes, near: float, height: float) -> float:
    """The angle within a few degrees of `near` at which letters gather in the fewest rows."""

    def gathered(degrees: float) -> float:
        angle = np.radians(degrees)
        down = middles[:, 1] * np.cos(angle) - middles[:, 0] * np.sin(angle)
        rows = np.bincount(((down - down.min()) / (height / 3)).astype(int))
        return float((rows.astype(float) ** 2).sum())

    return float(max(np.arange(near - 5, near + 5.1, 0.25), key=gathered))
