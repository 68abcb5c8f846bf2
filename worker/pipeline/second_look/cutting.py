"""Cuts a line of print out of a page, as sharp as the image has it."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean

import cv2
import numpy as np

from worker.pipeline.ocr.decode import Pixels
from worker.pipeline.ocr.photo.prepare import Prepared
from worker.pipeline.ocr.text import TextLine, Word

# A piece whose mean is darker than this has light print on a dark ground (0–255 scale).
_DARK = 110
# The brightness below and above which so many percent of the pixels are ink, and paper.
_INK, _PAPER = 2, 90
# A piece is not smaller than this many pixels, which a recogniser would refuse.
_SMALLEST = 4


def cut_line(page: Prepared, words: Sequence[Word]) -> Pixels:
    """Return the RGB pixels around the words of one line, along its slope.

    They come from the fine image if there is one. The boxes of `words` lie on the page.
    """
    source = page.page.pixels if page.fine is None else page.fine
    finer = source.shape[0] / page.page.pixels.shape[0]
    first, last = words[0], words[-1]
    corners = np.array(
        [
            (first.left, first.top),
            (last.right, last.top),
            (last.right, last.bottom),
            (first.left, first.bottom),
        ],
        np.float32,
    )
    width = max(round((last.right - first.left) * finer), _SMALLEST)
    height = max(round((first.height + last.height) / 2 * finer), _SMALLEST)
    target = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    turn = cv2.getPerspectiveTransform(corners * np.float32(finer), target)
    piece = cv2.warpPerspective(
        source, turn, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    if piece.ndim == 2:
        piece = cv2.cvtColor(piece, cv2.COLOR_GRAY2RGB)
    return np.asarray(piece, np.uint8)


def stretched(piece: Pixels) -> Pixels:
    """Return a piece in grey with black print on white, whatever the colours and the contrast."""
    grey = cv2.cvtColor(piece, cv2.COLOR_RGB2GRAY).astype(np.float32)
    if grey.mean() < _DARK:
        grey = 255 - grey
    ink, paper = np.percentile(grey, (_INK, _PAPER))
    clear = np.clip((grey - ink) / max(paper - ink, 1) * 255, 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(clear, cv2.COLOR_GRAY2RGB), np.uint8)


def reworded(line: TextLine, text: str, confidence: float) -> TextLine:
    """Return a line with another text in the same place.

    Each word keeps its box if there are as many as before. Otherwise the width of the line is
    shared out by letters.
    """
    words, old = text.split(), line.words
    if len(words) == len(old):
        return TextLine(
            tuple(
                replace(before, text=word, confidence=confidence)
                for word, before in zip(words, old, strict=True)
            )
        )
    top, bottom = fmean(word.top for word in old), fmean(word.bottom for word in old)
    return TextLine(
        tuple(
            Word(word, left, top, right, bottom, confidence)
            for word, (left, right) in zip(
                words, _shared_out(words, old[0].left, old[-1].right), strict=True
            )
        )
    )


def _shared_out(words: Sequence[str], left: float, right: float) -> list[tuple[float, float]]:
    """Return the left and right of each word in a line of letters of one width."""
    letters = sum(map(len, words)) + len(words) - 1
    each = (right - left) / max(letters, 1)
    places, at = [], 0
    for word in words:
        places.append((left + at * each, left + (at + len(word)) * each))
        at += len(word) + 1
    return places
