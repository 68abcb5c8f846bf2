"""Detects print that runs across a border, where only the light ends and not the paper."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import log

import cv2
import numpy as np
import numpy.typing as npt

from worker.pipeline.ocr.photo.letters import Letters

# How near to a side letters are looked for, in letter heights: a row or two, or a word.
_NEAR = 4
# Print goes on across a side if there are this many letters both just inside and just outside,
_GOES_ON = 8
# and the natural logarithm of the ratio of their median heights is below this.
_ALIKE = 0.18
# If there are letters beyond this many sides, they are the pattern of what the paper lies on.
_ALL_AROUND = 3
# So many letters, and this fraction of those on a paper, are print on another one.
_PRINTED, _PART = 40, 0.3


@dataclass(frozen=True)
class _Border:
    """Heights in pixels of the letters just inside and just outside a side."""

    inside: npt.NDArray[np.float64]
    outside: npt.NDArray[np.float64]

    @property
    def crossed(self) -> bool:
        """Whether there is print of the same height on both sides."""
        if min(len(self.inside), len(self.outside)) < _GOES_ON:
            return False
        return abs(log(np.median(self.inside) / np.median(self.outside))) < _ALIKE


def print_across(corners: npt.NDArray[np.float32], letters: Letters) -> bool:
    """Return whether print goes on across a side of a quadrilateral, which is then not the paper:
    paper has a margin, or no print beyond its edge.

    `corners`: in pixels, shape (4, 2), in order around the quadrilateral.
    """
    if not letters.enough:
        return False
    borders = list(_borders(corners, letters))
    around = sum(len(border.outside) >= _GOES_ON for border in borders)
    return around < _ALL_AROUND and any(border.crossed for border in borders)


def prints_beside(corners: npt.NDArray[np.float32], letters: Letters) -> bool:
    """Return whether there is print of the same height beside a quadrilateral, as on another paper.

    Letters beyond most of its sides are the pattern of what the paper lies on.
    """
    if not letters.enough:
        return False
    x, y, width, height = _straight(corners, letters)
    inside = (x >= 0) & (x <= width) & (y >= 0) & (y <= height)
    heights = letters.boxes[:, 3]
    beyond = [heights[outside] for outside in (x < 0, x > width, y < 0, y > height)]
    printed = [side for side in beyond if len(side) >= max(_PRINTED, _PART * inside.sum())]
    if not inside.any() or not 0 < len(printed) < _ALL_AROUND:
        return False
    return any(abs(log(np.median(side) / np.median(heights[inside]))) < _ALIKE for side in printed)


def _borders(corners: npt.NDArray[np.float32], letters: Letters) -> Iterator[_Border]:
    x, y, width, height = _straight(corners, letters)
    beside, above = (x > 0) & (x < width), (y > 0) & (y < height)
    near, heights = _NEAR * letters.height, letters.boxes[:, 3]
    # For each side: how far every letter is outside, and whether it is level with the side.
    for outside, level in (-y, beside), (y - height, beside), (-x, above), (x - width, above):
        yield _Border(
            heights[level & (outside < 0) & (outside > -near)],
            heights[level & (outside >= 0) & (outside < near)],
        )


def _straight(
    corners: npt.NDArray[np.float32], letters: Letters
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], int, int]:
    """Return where letters lie on a quadrilateral that is stretched to a rectangle.

    Returns x and y of their middles, and the sides of the rectangle, in pixels.
    """
    width, height = sides(corners)
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    straight = cv2.getPerspectiveTransform(corners, target)
    middles = letters.boxes[:, :2] + letters.boxes[:, 2:] / 2
    x, y = cv2.perspectiveTransform(middles[None], straight)[0].T
    return x, y, width, height


def sides(corners: npt.NDArray[np.float32]) -> tuple[int, int]:
    """Return the width and height of a quadrilateral in whole pixels, by its longer sides."""
    lengths = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    return round(float(max(lengths[0], lengths[2]))), round(float(max(lengths[1], lengths[3])))
