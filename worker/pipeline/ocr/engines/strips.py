"""Cuts pages into strips: an engine needs memory for one strip, however long the page is."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from worker.pipeline.ocr.decode import Pixels

# The cut is made within the last part of a strip, which is this fraction of it.
_LOOK = 0.4


def strips(pixels: Pixels, most: int) -> Iterator[tuple[int, Pixels]]:
    """Cut a page into strips of at most `most` pixels, where there is least ink.

    Yields them from top to bottom, each with the row of pixels at which it begins.
    """
    height, width = pixels.shape[:2]
    longest = max(most // max(width, 1), 1)
    ink = _ink(pixels)
    top = 0
    while height - top > longest:
        first = top + max(round(longest * (1 - _LOOK)), 1)
        cut = first + _middle_of_least(ink[first : top + longest + 1])
        yield top, pixels[top:cut]
        top = cut
    yield top, pixels[top:]


def _ink(pixels: Pixels) -> npt.NDArray[np.float64]:
    """Return how much each row of pixels varies, which is hardly at all on blank paper."""
    green = pixels[:, :, 1].astype(np.int16)
    return np.asarray(np.abs(np.diff(green, axis=1, prepend=green[:, :1])).mean(axis=1))


def _middle_of_least(ink: npt.NDArray[np.float64]) -> int:
    """Return the middle of the widest gap among the blankest rows."""
    blank = ink <= 1.5 * ink.min() + 0.5
    edges = np.flatnonzero(np.diff(np.concatenate(([False], blank, [False])).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    widest = int((ends - starts).argmax())
    return int(starts[widest] + ends[widest]) // 2
