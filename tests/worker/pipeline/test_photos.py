"""Drawn receipts as cameras see them: tilted, noisy, dim, small. Real engine, no processes."""

import random
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageFilter

from shared.local.receipt_image import DrawnReceipt, draw_receipt, encode
from worker.pipeline.ocr.engine import OcrEngine
from worker.pipeline.receipt import extract_receipt
from worker.pipeline.stages import StageLog


def tilted(image: Image.Image) -> Image.Image:
    """By two degrees, on a dark table."""
    return image.rotate(2, expand=True, fillcolor=(60, 50, 40), resample=Image.Resampling.BICUBIC)


def noisy(image: Image.Image) -> Image.Image:
    """A cheap sensor in poor light."""
    noise = np.random.default_rng(1).normal(0, 25, (image.height, image.width, 3))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


def dim(image: Image.Image) -> Image.Image:
    """Grey on darker grey, a little out of focus."""
    return image.point(lambda value: 40 + value * 0.3).filter(ImageFilter.GaussianBlur(0.8))


def small(image: Image.Image) -> Image.Image:
    """Half the size."""
    return image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)


def grey(image: Image.Image) -> Image.Image:
    """As scanners send it."""
    return image.convert("L")


@pytest.mark.parametrize("photographed", [tilted, noisy, dim, small, grey])
def test_what_a_camera_does_to_a_receipt(
    engine: OcrEngine, photographed: Callable[[Image.Image], Image.Image]
) -> None:
    """Total, date and every price survive it."""
    random.seed(1)
    drawn = DrawnReceipt()
    image = encode(photographed(draw_receipt(drawn)))

    extraction = extract_receipt(image, engine, 40_000_000, StageLog()).extraction

    assert extraction.total.amount == drawn.total
    assert extraction.date.value == "2026-03-14"
    assert [item.total_price for item in extraction.line_items] == [
        item.price for item in drawn.items
    ]
