"""Finds the paper in a photo, and shows it as if taken from straight above."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from worker.pipeline.ocr.decode import Pixels
from worker.pipeline.ocr.photo.across import print_across, prints_beside, sides
from worker.pipeline.ocr.photo.letters import Letters
from worker.pipeline.ocr.placing import Placed

Corners = npt.NDArray[np.float32]
Grey = npt.NDArray[np.uint8]

# Longest side in pixels of the image in which the paper is looked for.
_LOOK_AT = 600
# The paper's fraction of the image: less is some other bright thing, more is only paper.
_LEAST, _MOST = 0.08, 0.95
# The least fraction of its quadrilateral that a bright piece fills, and of the piece within it.
_FILLED, _COVERED = 0.85, 0.95
# A corner is at the edge if it is this near, as a fraction of the image's longest side. Paper that
# leaves the image on more than one side has too few corners of its own.
_EDGE, _CORNERS_AT_EDGE = 0.005, 2
# The brightness of evenly lit paper (0–255 scale).
_PAPER = 220
# Four corners are those of an outline if they hold more than this fraction of its area.
_CORNERED = 0.97
# The colour of a pixel darker than this is noise (0–255 scale).
_DARK = 50
# The paper is at least this much brighter than its surroundings (0–255 scale).
_BRIGHTER = 35
# The margin on each side as a fraction of the width or height, since print may reach the edge.
_MARGIN = 0.01


@dataclass(frozen=True)
class Paper:
    """Corners in any order, and how well they fit the image; a larger `fit` is better."""

    corners: Corners
    fit: float


def straightened(image: Placed, letters: Letters) -> Placed:
    """Return the paper alone, stretched to a rectangle, or the same image if no paper is found."""
    corners = find_paper(image.pixels, letters)
    if corners is None:
        return image
    width, height = sides(corners)
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    turn = cv2.getPerspectiveTransform(corners, target)
    flat = cv2.warpPerspective(
        image.pixels, turn, (width, height), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
    )
    return image.turned_into(np.asarray(flat, np.uint8), np.linalg.inv(turn.astype(np.float64)))


def find_paper(pixels: Pixels, letters: Letters) -> Corners | None:
    """Return the corners of the paper in pixels, shape (4, 2), clockwise from the top left one.

    Returns None if there is no bright quadrilateral on a darker ground, or print crosses its
    sides, or there is print beside it, which would be cut away.
    """
    scale = _LOOK_AT / max(pixels.shape[:2])
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    hue_saturation_value = cv2.cvtColor(small, cv2.COLOR_RGB2HSV)
    saturation, value = hue_saturation_value[:, :, 1], hue_saturation_value[:, :, 2]
    # Brightness finds light paper on a dark ground; saturation finds white paper on a coloured
    # one in spite of shadows.
    whites = value, np.where(value > _DARK, 255 - saturation, 0).astype(np.uint8)
    found = [_brightest(np.asarray(cv2.medianBlur(white, 9), np.uint8)) for white in whites]
    papers = [(paper.fit, _grown(paper.corners, small) / scale) for paper in found if paper]
    whole = [paper for paper in papers if not print_across(paper[1], letters)]
    best = max(whole, key=lambda paper: paper[0])[1] if whole else None
    return None if best is None or prints_beside(best, letters) else best


def _grown(corners: Corners, small: cv2.typing.MatLike) -> Corners:
    """Add a margin to the corners within the image, and put them in order."""
    height, width = small.shape[:2]
    middle = corners.mean(axis=0)
    grown = middle + (corners - middle) * (1 + 2 * _MARGIN)
    return np.asarray(_ordered(np.clip(grown, 0, [width - 1, height - 1])), np.float32)


def _brightest(white: Grey) -> Paper | None:
    """Return the largest bright piece if it stands out as paper does."""
    piece = _largest_piece(white)
    if piece.any():
        # Repeat with the light evened out, since a dim end of the paper may have been lost.
        white = _evenly_lit(white, piece)
        piece = _largest_piece(white)
    outlines, _ = cv2.findContours(piece, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not outlines:
        return None
    corners = _quadrilateral(cv2.convexHull(outlines[0]))
    return _paper(corners, white, piece)


def _largest_piece(white: Grey) -> Grey:
    """Return 255 where the largest bright piece is, with holes filled, which shadows leave."""
    _, bright = cv2.threshold(white, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    # Closing keeps print from cutting the paper into pieces; opening cuts off bright specks.
    closed = cv2.morphologyEx(bright, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    opened = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((15, 15), np.uint8))
    outlines, _ = cv2.findContours(opened, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    piece = np.zeros_like(opened)
    if outlines:
        largest = max(outlines, key=cv2.contourArea)
        cv2.drawContours(piece, [largest], -1, 255, cv2.FILLED)
    return np.asarray(piece, np.uint8)


def _evenly_lit(white: Grey, piece: Grey) -> Grey:
    """Divide by the plane that fits the brightness of the piece best."""
    y, x = np.nonzero(piece)
    plane, *_ = np.linalg.lstsq(
        np.stack([x, y, np.ones_like(x)], axis=1).astype(float), white[y, x].astype(float)
    )
    rows, columns = np.mgrid[: white.shape[0], : white.shape[1]]
    light = np.clip(plane[0] * columns + plane[1] * rows + plane[2], _DARK, 255)
    return np.asarray(np.clip(white / light * _PAPER, 0, 255), np.uint8)


def _quadrilateral(hull: cv2.typing.MatLike) -> Corners:
    """Return the four corners of an outline, or those of the smallest rectangle around it."""
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
    """Order corners clockwise from the top left one; at 45 degrees that may be either of two."""
    around = corners - corners.mean(axis=0)
    clockwise = corners[np.argsort(np.arctan2(around[:, 1], around[:, 0]))]
    return np.roll(clockwise, -int(clockwise.sum(axis=1).argmin()), axis=0)
