"""Images to pixels: upright, in colour, bounded; whatever mode they came in."""

import io

import numpy as np
import pytest
from PIL import Image

from shared.local.receipt_image import encode
from shared.rejections import ImageTooManyPixels, ImageUnreadable
from worker.pipeline.ocr.decode import LONGEST_SIDE, decode_image

LIMIT = 40_000_000


def halves(mode: str = "RGB") -> Image.Image:
    """Twice as wide as high; the left half black, the right one white."""
    image = Image.new("L", (200, 100), "white")
    image.paste(0, (0, 0, 100, 100))
    return image.convert(mode)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
def test_formats(image_format: str) -> None:
    """RGB in the end."""
    pixels = decode_image(encode(halves(), image_format), LIMIT)

    assert pixels.shape == (100, 200, 3)
    assert pixels.dtype == np.uint8
    assert pixels[50, 20].max() < 10
    assert pixels[50, 180].min() > 245


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_modes(mode: str) -> None:
    """One bit, grey, palette, transparent, sixteen bits."""
    image = halves("I;16" if mode == "I;16" else mode)
    pixels = decode_image(encode(image, "PNG"), LIMIT)

    assert pixels.shape == (100, 200, 3)


def test_what_is_transparent_becomes_white() -> None:
    """Black print on nothing would otherwise be black on black."""
    image = Image.new("RGBA", (40, 40), (0, 0, 0, 0))

    assert decode_image(encode(image, "PNG"), LIMIT).min() == 255


@pytest.mark.parametrize(
    ("orientation", "where"),
    [(1, "left"), (3, "right"), (6, "top"), (8, "bottom")],
)
def test_the_camera_tells_which_way_is_up(orientation: int, where: str) -> None:
    """EXIF orientation is honoured: the dark half goes where it belongs."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    halves().save(buffer, "JPEG", exif=exif)
    pixels = decode_image(buffer.getvalue(), LIMIT)

    height, width = pixels.shape[:2]
    part = {
        "left": pixels[:, : width // 4],
        "right": pixels[:, -width // 4 :],
        "top": pixels[: height // 4],
        "bottom": pixels[-height // 4 :],
    }[where]
    assert part.mean() < 20


@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_large_images_are_made_smaller(image_format: str) -> None:
    """An engine reads no better above that, and needs far more memory."""
    image = Image.new("RGB", (5000, 3000), "white")

    assert max(decode_image(encode(image, image_format), LIMIT).shape) == LONGEST_SIDE


def test_small_images_stay_as_they_are() -> None:
    """Nothing is invented."""
    assert decode_image(encode(Image.new("RGB", (3, 2))), LIMIT).shape == (2, 3, 3)


def test_pixels_are_counted_before_they_are_decoded() -> None:
    """By the worker as well, should an image have got past the front."""
    with pytest.raises(ImageTooManyPixels):
        decode_image(encode(Image.new("RGB", (100, 100))), 9_999)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_truncated_images(receipt_png: bytes, image_format: str, part: float) -> None:
    """A clear error, never half a picture."""
    with Image.open(io.BytesIO(receipt_png)) as image:
        whole = encode(image, image_format)

    with pytest.raises(ImageUnreadable):
        decode_image(whole[: int(len(whole) * part)], LIMIT)
