"""Images of any mode are decoded to pixels: upright, in colour, and limited in size."""

import io

import numpy as np
import pytest
from PIL import Image

from shared.images.inspection import media_type_of
from shared.images.pdf_scale import LONGEST_SIDE
from shared.local.receipt_image import encode
from shared.rejections import ImageTooManyPixels, ImageUnreadable
from tests.support.heic_and_pdf import heic
from worker.pipeline.ocr.decode import Pixels, decode_image


def decode(content: bytes, max_pixels: int = 40_000_000) -> Pixels:
    """Decode an image as the worker does."""
    return decode_image(content, media_type_of(content), max_pixels).pixels


def halves(mode: str = "RGB") -> Image.Image:
    """Return an image of 200 × 100 pixels whose left half is black and right half white."""
    image = Image.new("L", (200, 100), "white")
    image.paste(0, (0, 0, 100, 100))
    return image.convert(mode)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
def test_every_format_becomes_rgb(image_format: str) -> None:
    """HEIC has a test of its own."""
    pixels = decode(encode(halves(), image_format))

    assert pixels.dtype == np.uint8
    assert _is_halves(pixels)


def _is_halves(pixels: Pixels) -> bool:
    return (
        pixels.shape == (100, 200, 3) and pixels[50, 20].max() < 10 and pixels[50, 180].min() > 245
    )


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    """The modes are one bit, grey, grey with alpha, palette, and transparent."""
    assert _is_halves(decode(encode(halves(mode), "PNG")))


def test_sixteen_bit_grey_becomes_rgb() -> None:
    """The upper eight bits are the picture."""
    wide = np.asarray(halves("L")).astype(np.uint16) * 257

    assert _is_halves(decode(encode(Image.fromarray(wide), "PNG")))


def test_cmyk_becomes_rgb() -> None:
    """Scanners and layout programs write CMYK."""
    assert _is_halves(decode(encode(halves().convert("CMYK"), "JPEG")))


def test_heic_becomes_rgb() -> None:
    """HEIC is the format of iPhones, and only the worker opens it."""
    assert _is_halves(decode(heic(halves())))


def test_only_the_first_frame_is_read() -> None:
    """An animated WebP may still be a receipt."""
    buffer = io.BytesIO()
    white = Image.new("RGB", (200, 100), "white")
    halves().save(buffer, "WEBP", save_all=True, append_images=[white], lossless=True)

    assert _is_halves(decode(buffer.getvalue()))


@pytest.mark.parametrize("part", [0.2, 0.9])
def test_truncated_heic_is_unreadable(part: float) -> None:
    """The file is cut off in the header and in the picture."""
    whole = heic(halves())

    with pytest.raises(ImageUnreadable):
        decode(whole[: int(len(whole) * part)])


def test_heic_pixels_are_counted_before_they_are_decoded() -> None:
    """The front does not open HEIC files."""
    with pytest.raises(ImageTooManyPixels):
        decode(heic(Image.new("RGB", (100, 100))), 9_999)


def test_transparent_parts_become_white() -> None:
    """Black print on a transparent ground would otherwise be black on black."""
    image = Image.new("RGBA", (40, 40), (0, 0, 0, 0))

    assert decode(encode(image, "PNG")).min() == 255


@pytest.mark.parametrize(
    ("orientation", "where"),
    [(1, "left"), (3, "right"), (6, "top"), (8, "bottom")],
)
def test_the_exif_orientation_is_applied(orientation: int, where: str) -> None:
    """The dark half goes where it belongs."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    halves().save(buffer, "JPEG", exif=exif)
    pixels = decode(buffer.getvalue())

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
    """An engine reads larger images no better, but needs far more memory."""
    image = Image.new("RGB", (5000, 3000), "white")

    assert max(decode(encode(image, image_format)).shape) == LONGEST_SIDE


def test_small_images_stay_as_they_are() -> None:
    """No pixels are invented."""
    assert decode(encode(Image.new("RGB", (3, 2)))).shape == (2, 3, 3)


def test_pixels_are_counted_before_they_are_decoded() -> None:
    """The worker checks them, too, in case an image has got past the front."""
    with pytest.raises(ImageTooManyPixels):
        decode(encode(Image.new("RGB", (100, 100))), 9_999)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_truncated_images_are_unreadable(
    receipt_png: bytes, image_format: str, part: float
) -> None:
    """Half a picture would be half a receipt."""
    with Image.open(io.BytesIO(receipt_png)) as image:
        whole = encode(image, image_format)

    with pytest.raises(ImageUnreadable):
        decode(whole[: int(len(whole) * part)])
