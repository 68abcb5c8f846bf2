"""Uneven light on paper: a slope from one side to the other, the shadow of a hand."""

import cv2
import numpy as np

from worker.pipeline.ocr.decode import Pixels

# Light changes slowly: it is measured at a fraction of the size.
_FRACTION = 0.25
# Wider than a stroke, so that no print is left; then smoothed; pixels at that size.
_STROKE, _SMOOTH = 9, 21
# Differences in the brightness of the paper below this are left alone, of 255,
_EVEN = 40
# where it is no darker than this.
_DIM = 110
# What the paper becomes, of 255.
_PAPER = 235


def evenly_lit(image: Pixels) -> Pixels:
    """RGB to RGB: divided by the brightness of the paper, where that differs much or is low."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, None, fx=_FRACTION, fy=_FRACTION, interpolation=cv2.INTER_AREA)
    paper = cv2.medianBlur(cv2.dilate(small, np.ones((_STROKE, _STROKE), np.uint8)), _SMOOTH)
    dark, light = np.percentile(paper, (5, 95))
    if light - dark < _EVEN and dark > _DIM:
        return image
    paper = np.maximum(cv2.resize(paper, (image.shape[1], image.shape[0])), 1)
    brightened = image.astype(np.float32) / paper[:, :, None] * _PAPER
    return np.asarray(np.clip(brightened, 0, 255), np.uint8)
