"""The paper in a photo: where it lies, and the photo as if taken from straight above."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from worker.pipeline.ocr.decode import Pixels
from worker.pipeline.ocr.photo.across import print_across, sides
from worker.pipeline.ocr.photo.letters import Letters

Corners = npt.NDArray[np.float32]
Grey = npt.NDArray[np.uint8]

# Longest side at which the paper is looked for; pixels.
_LOOK_AT = 600
# The paper's part of the image. Less is some other bright thing, more an image of paper alone.
_LEAST, _MOST = 0.08, 0.95
# How much of its quadrilateral the bright piece fills, and how much of the piece lies in there.
_FILLED, _COVERED = 0.85, 0.95
# How near an edge of the image is, in parts of its longest side. Paper that runs out of the image
# on more than one side has no corners to be pulled by.
_EDGE, _CORNERS_AT_EDGE = 0.005, 2
# What paper is when it is evenly lit, of 255.
_PAPER = 220
# Four corners that cut off more of the outline than this leaves are not its own.
_CORNERED = 0.97
# Below this the colour of a pixel is noise; of 255.
_DARK = 50
# How much brighter than what lies around it, of 255.
_BRIGHTER = 35
# A margin around the corners found, in parts of the shorter side: print may run to the edge.
_MARGIN = 0.01


@dataclass(frozen=True)
class Paper:
    """Corners in any order, and how well they fit what was seen: the more the better."""

    corners: Corners
    fit: float


def straightened(pixels: Pixels, letters: Letters) -> Pixels:
    """The paper alone, its corners pulled to those of a rectangle; the image itself where no paper
    stands out from a darker ground."""
    corners = find_paper(pixels, letters)
    if corners is None:
        return pixels
    width, height = sides(corners)
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    turn = cv2.getPerspectiveTransform(corners, target)
    return np.asarray(
        cv2.warpPerspective(
            pixels, turn, (width, height), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
        ),
        np.uint8,
    )


def find_paper(pixels: Pixels, letters: Letters) -> Corners | None:
    """Its corners in pixels, shape (4, 2), clockwise from the top left one.

    None when no bright quadrilateral lies on a darker ground, or the print goes on beyond it.
    """
    scale = _LOOK_AT / max(pixels.shape[:2])
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    hue_saturation_value = cv2.cvtColor(small, cv2.COLOR_RGB2HSV)
    saturation, value = hue_saturation_value[:, :, 1], hue_saturation_value[:, :, 2]
    # Light paper on a dark ground, and, whatever the shadows, white paper on a coloured one.
    whites = value, np.where(value > _DARK, 255 - saturation, 0).astype(np.uint8)
    found = [_brightest(np.asarray(cv2.medianBlur(white, 9), np.uint8)) for white in whites]
    papers = [(paper.fit, _grown(paper.corners, small) / scale) for paper in found if paper]
    whole = [paper for paper in papers if not print_across(paper[1], letters)]
    return max(whole, key=lambda paper: paper[0])[1] if whole else None


def _grown(corners: Corners, small: cv2.typing.MatLike) -> Corners:
    """With a margin around it, within the image; in order."""
    height, width = small.shape[:2]
    middle = corners.mean(axis=0)
    grown = middle + (corners - middle) * (1 + 2 * _MARGIN)
    return np.asarray(_ordered(np.clip(grown, 0, [width - 1, height - 1])), np.float32)


def _brightest(white: Grey) -> Paper | None:
    """The largest bright piece, if it stands out as paper does."""
    piece = _largest_piece(white)
    if piece.any():
        # Again without the slope of the light, in which a dim end of the paper was lost.
        white = _evenly_lit(white, piece)
        piece = _largest_piece(white)
    outlines, _ = cv2.findContours(piece, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not outlines:
        return None
    corners = _quadrilateral(cv2.convexHull(outlines[0]))
    return _paper(corners, white, piece)


def _largest_piece(white: Grey) -> Grey:
    """255 where the largest bright piece is. Filled: a shadow on the paper is a hole in it."""
    _, bright = cv2.threshold(white, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    # Print must not cut the paper into pieces, nor a bright speck reach it.
    closed = cv2.morphologyEx(bright, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    opened = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((15, 15), np.uint8))
    outlines, _ = cv2.findContours(opened, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    piece = np.zeros_like(opened)
    if outlines:
        largest = max(outlines, key=cv2.contourArea)
        cv2.drawContours(piece, [largest], -1, 255, cv2.FILLED)
    return np.asarray(piece, np.uint8)


def _evenly_lit(white: Grey, piece: Grey) -> Grey:
    """Divided by the plane that fits the brightness of the piece best."""
    y, x = np.nonzero(piece)
    plane, *_ = np.linalg.lstsq(
        np.stack([x, y, np.ones_like(x)], axis=1).astype(float), white[y, x].astype(float)
    )
    rows, columns = np.mgrid[: white.shape[0], : white.shape[1]]
    light = np.clip(plane[0] * columns + plane[1] * rows + plane[2], _DARK, 255)
    return np.asarray(np.clip(white / light * _PAPER, 0, 255), np.uint8)


def _quadrilateral(hull: cv2.typing.MatLike) -> Corners:
    """Four corners around an outline: its own where it has four, else those of the smallest
    rectangle."""
    around = cv2.arcLength(hull, True)
    for tolerance in (0.02, 0.03, 0.05):
        polygon = cv2.approxPolyDP(hull, tolerance * around, True)
        if len(polygon) == 4 and cv2.contourArea(polygon) > _CORNERED * cv2.contourArea(hull):
            return np.asarray(polygon.reshape(4, 2), np.float32)
    return np.asarray(cv2.boxPoints(cv2.minAreaRect(hull)), np.float32)


def _paper(corners: Corners, white: Grey, piece: Grey) -> Paper | None:
    height, width = white.shape
    mask = np.zeros(white.shape, np.uint8)
    cv2.fillConvexPoly(mask, corners.astype(np.int32), 1)
    inside, part = mask == 1, float(mask.mean())
    edge = _EDGE * max(height, width)
    at_edge = ((corners < edge) | (corners > np.array([width, height]) - edge)).any(axis=1)
    if not _LEAST <= part <= _MOST or at_edge.sum() > _CORNERS_AT_EDGE:
        return None
    filled = float((piece[inside] > 0).mean())
    covered = float((piece[inside] > 0).sum() / (piece > 0).sum())
    brighter = float(np.median(white[inside])) - float(np.median(white[~inside]))
    if filled < _FILLED or covered < _COVERED or brighter < _BRIGHTER:
        return None
    return Paper(corners, filled * covered * brighter)


def _ordered(corners: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Clockwise from the top left one; at 45 degrees any may be that."""
    around = corners - corners.mean(axis=0)
    clockwise = corners[np.argsort(np.arctan2(around[:, 1], around[:, 0]))]
    return np.roll(clockwise, -int(clockwise.sum(axis=1).argmin()), axis=0)
