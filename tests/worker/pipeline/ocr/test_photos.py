"""Drawn receipts as cameras see them: tilted, noisy, dim, small. The engine is the real one."""

import random
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from shared.local.receipt_image import DrawnReceipt, draw_receipt, encode
from worker.pipeline.ocr.engines.engine import OcrEngine
from worker.pipeline.ocr.orientation import PixelPage, read_upright
from worker.pipeline.ocr.photo.prepare import Prepared
from worker.pipeline.ocr.placing import Placed
from worker.pipeline.receipt import extract_receipt
from worker.pipeline.stages import StageRecorder


def tilted(image: Image.Image) -> Image.Image:
    """Tilt the receipt by two degrees on a dark table."""
    return image.rotate(2, expand=True, fillcolor=(60, 50, 40), resample=Image.Resampling.BICUBIC)


def noisy(image: Image.Image) -> Image.Image:
    """Add the noise of a cheap sensor in poor light."""
    noise = np.random.default_rng(1).normal(0, 25, (image.height, image.width, 3))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


def dim(image: Image.Image) -> Image.Image:
    """Make the photo grey on darker grey and a little out of focus."""
    return image.point(lambda value: 40 + value * 0.3).filter(ImageFilter.GaussianBlur(0.8))


def small(image: Image.Image) -> Image.Image:
    """Halve the size."""
    return image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)


def grey(image: Image.Image) -> Image.Image:
    """Make the image grey, as scanners do."""
    return image.convert("L")


def turned(image: Image.Image, degrees: int) -> Image.Image:
    """Turn the image as a camera does that does not know how it is held."""
    return image.rotate(degrees, expand=True)


def on_a_table(image: Image.Image) -> Image.Image:
    """Make the receipt a small part of a large photo, seen from the side and tilted."""
    photo = Image.new("RGB", (2400, 3200), (120, 85, 60))
    paper = tilted_paper(image.resize((image.width * 2, image.height * 2)))
    photo.paste(paper, (500, 500), paper.getchannel("A"))
    return photo.convert("RGB")


def tilted_paper(image: Image.Image) -> Image.Image:
    """Tilt the receipt by ten degrees, its upper side shorter, on a transparent ground."""
    width, height = image.size
    squeeze = 0.06
    # These coefficients of the perspective lean the paper backwards.
    lean = (1 + 2 * squeeze, squeeze * width / height, -squeeze * width, 0, 1 + squeeze, 0)
    back = (*lean, 0, squeeze / height)
    leaning = image.convert("RGBA").transform(
        image.size, Image.Transform.PERSPECTIVE, back, Image.Resampling.BICUBIC
    )
    return leaning.rotate(10, expand=True, resample=Image.Resampling.BICUBIC)


def shaded(image: Image.Image) -> Image.Image:
    """Put the shadow of a hand over half of the receipt."""
    shadow = Image.new("L", image.size, 255)
    corners = [(0, image.height), (0, image.height // 3), (image.width, image.height)]
    ImageDraw.Draw(shadow).polygon(corners, fill=110)
    soft = np.asarray(shadow.filter(ImageFilter.GaussianBlur(25)), float)[:, :, None] / 255
    return Image.fromarray((np.asarray(image) * soft).astype(np.uint8))


def cornerwise(image: Image.Image) -> Image.Image:
    """Turn the receipt by 45 degrees on a table."""
    paper = image.convert("RGBA").rotate(45, expand=True, resample=Image.Resampling.BICUBIC)
    photo = Image.new("RGB", (paper.width + 100, paper.height + 100), (20, 110, 90))
    photo.paste(paper, (50, 50), paper)
    return photo


def half_in_the_dark(image: Image.Image) -> Image.Image:
    """Put the shadow of a head over the upper half of yellow paper on a table."""
    photo = Image.new("RGB", (image.width + 500, image.height + 400), (110, 80, 60))
    photo.paste(
        ImageChops.multiply(image, Image.new("RGB", image.size, (230, 210, 120))), (250, 200)
    )
    photo.paste(photo.crop((0, 0, photo.width, 560)).point(lambda value: value * 0.25), (0, 0))
    return photo


@pytest.mark.parametrize(
    "photographed",
    [tilted, noisy, dim, small, grey, shaded, on_a_table, cornerwise, half_in_the_dark]
    + [pytest.param(partial(turned, degrees=by), id=f"turned {by}") for by in (90, 180, 270)],
)
def test_a_photo_is_read_like_the_receipt(
    engine: OcrEngine, photographed: Callable[[Image.Image], Image.Image]
) -> None:
    """The total, the date and every price are right."""
    random.seed(1)
    drawn = DrawnReceipt()
    image = encode(photographed(draw_receipt(drawn)))

    extraction = extract_receipt(image, engine, 40_000_000, StageRecorder()).extraction

    assert extraction.total.amount == drawn.total
    assert extraction.date.value == "2026-03-14"
    assert [item.total_price for item in extraction.line_items] == [
        item.price for item in drawn.items
    ]


# Photos turned by half and by three quarters are above.
@pytest.mark.parametrize("quarters", range(2))
def test_pages_are_turned_upright_by_reading_them(engine: OcrEngine, quarters: int) -> None:
    """The page has not been prepared, which would have levelled its rows."""
    pixels = np.asarray(draw_receipt(DrawnReceipt()))
    turned = np.ascontiguousarray(np.rot90(pixels, quarters))
    page = read_upright(
        PixelPage(Prepared(Placed.same(turned)), (turned.shape[1], turned.shape[0])), engine
    )

    assert page.pixels.shape == pixels.shape
    assert "GREEN VALLEY MARKET" in page.lines[0].text
