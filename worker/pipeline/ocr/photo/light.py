"""Evens out the light on paper: a slope from one side to the other, or the shadow of a hand."""

import cv2
import numpy as np

from worker.pipeline.ocr.decode import Pixels

# Light changes slowly, so it is measured at this fraction of the size.
_FRACTION = 0.25
# Pixels at that size: wider than a stroke, so that no print is left; and the smoothing after it.
_STROKE, _SMOOTH = 9, 21
# Differences in the brightness of the paper below this are left alone (0–255 scale),
_EVEN = 40
# unless its darkest parts are darker than this.
_DIM = 110
# The brightness that the paper gets (0–255 scale).
_PAPER = 235


def evenly_lit(image: Pixels) -> Pixels:
    """Divide an RGB image by the brightness of its paper, if that varies much or is low."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, None, fx=_FRACTION, fy=_FRACTION, interpolation=cv2.INTER_AREA)
    paper = cv2.medianBlur(cv2.dilate(small, np.ones((_STROKE, _STROKE), np.uint8)), _SMOOTH)
    dark, light = np.percentile(paper, (5, 95))
    if light - dark < _EVEN and dark > _DIM:
        return image
    paper = np.maximum(cv2.resize(paper, (image.shape[1], image.shape[0])), 1)
    brightened = image.astype(np.float32) / paper[:, :, None] * _PAPER
    return np.asarray(np.clip(brightened, 0, 255), np.uint8)
