"""Keeps track of where the pixels of a prepared page lie on the image that was sent."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from worker.pipeline.ocr.decode import Pixels

# Maps x, y, 1 of one image to another, up to a factor. Shape (3, 3).
Matrix = npt.NDArray[np.float64]
Points = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Placed:
    """An image made from another. `to_source` maps its pixels to those of the source."""

    pixels: Pixels
    to_source: Matrix

    @classmethod
    def same(cls, pixels: Pixels) -> "Placed":
        """Return an image that is its own source."""
        return cls(pixels, np.eye(3))

    def turned_into(self, pixels: Pixels, to_this: Matrix) -> "Placed":
        """Return `pixels`, which were made from this image, with the same source.

        `to_this` maps them to pixels of this image.
        """
        return Placed(pixels, self.to_source @ to_this)

    def quarter_turned(self, quarters: int) -> "Placed":
        """Turn the image counter-clockwise by quarters, as `numpy.rot90` does."""
        height, width = self.pixels.shape[:2]
        backwards = (
            np.eye(3),
            np.array([[0, -1, width], [1, 0, 0], [0, 0, 1]]),
            np.array([[-1, 0, width], [0, -1, height], [0, 0, 1]]),
            np.array([[0, 1, 0], [-1, 0, height], [0, 0, 1]]),
        )
        turned = np.ascontiguousarray(np.rot90(self.pixels, quarters))
        return self.turned_into(turned, np.asarray(backwards[quarters % 4], np.float64))

    def cut(self, rows: slice, columns: slice) -> "Placed":
        """Return a part of the image; both slices have a start."""
        return self.turned_into(self.pixels[rows, columns], shifted(columns.start, rows.start))


def shifted(x: float, y: float) -> Matrix:
    """Return the matrix that moves points by so many pixels."""
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], np.float64)


def scaled(x: float, y: float) -> Matrix:
    """Return the matrix that multiplies coordinates."""
    return np.diag([x, y, 1.0])


def mapped(points: Sequence[tuple[float, float]], matrix: Matrix) -> Points:
    """Map points by a matrix; the result has shape (points, 2)."""
    given = np.asarray(points, np.float64)[None]
    return np.asarray(cv2.perspectiveTransform(given, matrix)[0], np.float64)
