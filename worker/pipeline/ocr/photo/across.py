"""Print that runs across a border: what ends there is not the paper but the light on it."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import log

import cv2
import numpy as np
import numpy.typing as npt

from worker.pipeline.ocr.photo.letters import Letters

# How near to a side letters are looked for, in heights of a letter: a row or two, or a word.
_NEAR = 4
# So many letters just inside a side and just outside of it are print that goes on,
_GOES_ON = 8
# if they are of one height; the natural logarithm of the ratio.
_ALIKE = 0.18
# Something like letters beyond so many sides is the pattern of what the paper lies on.
_ALL_AROUND = 3


@dataclass(frozen=True)
class _Border:
    """Heights of the letters just inside a side and just outside of it."""

    inside: npt.NDArray[np.float64]
    outside: npt.NDArray[np.float64]

    @property
    def crossed(self) -> bool:
        """Whether print of one height stands on both sides."""
        if min(len(self.inside), len(self.outside)) < _GOES_ON:
            return False
        return abs(log(np.median(self.inside) / np.median(self.outside))) < _ALIKE


def print_across(corners: npt.NDArray[np.float32], letters: Letters) -> bool:
    """Whether print goes on across a side of the quadrilateral; corners in pixels, shape (4, 2), in
    order around it. Paper has a margin, or nothing beyond."""
    if not letters.enough:
        return False
    borders = list(_borders(corners, letters))
    around = sum(len(border.outside) >= _GOES_ON for border in borders)
    return around < _ALL_AROUND and any(border.crossed for border in borders)


def _borders(corners: npt.NDArray[np.float32], letters: Letters) -> Iterator[_Border]:
    width, height = sides(corners)
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    straight = cv2.getPerspectiveTransform(corners, target)
    middles = letters.boxes[:, :2] + letters.boxes[:, 2:] / 2
    x, y = cv2.perspectiveTransform(middles[None], straight)[0].T
    beside, above = (x > 0) & (x < width), (y > 0) & (y < height)
    near, heights = _NEAR * letters.height, letters.boxes[:, 3]
    # How far each letter is outside of a side, and whether it is level with it.
    for outside, level in (-y, beside), (y - height, beside), (-x, above), (x - width, above):
        yield _Border(
            heights[level & (outside < 0) & (outside > -near)],
            heights[level & (outside >= 0) & (outside < near)],
        )


def sides(corners: npt.NDArray[np.float32]) -> tuple[int, int]:
    """Width and height of the quadrilateral, the longer ones of its sides; whole pixels."""
    lengths = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    return round(float(max(lengths[0], lengths[2]))), round(float(max(lengths[1], lengths[3])))
