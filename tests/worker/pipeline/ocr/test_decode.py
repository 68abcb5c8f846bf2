"""Images to pixels: upright, in colour, bounded; whatever mode they came in."""

import io

import numpy as np
import pytest
from PIL import Image

from shared.images import media_type_of
from shared.local.receipt_image import encode
from shared.rejections import ImageTooManyPixels, ImageUnreadable
from tests.support.heic_and_pdf import heic
from worker.pipeline.ocr.decode import LONGEST_SIDE, Pixels, decode_image


def decode(content: bytes, max_pixels: int = 40_000_000) -> Pixels:
    """As the worker does."""
    return decode_image(content, media_type_of(content), max_pixels)


def halves(mode: str = "RGB") -> Image.Image:
    """Twice as wide as high; the left half black, the right one white."""
    image = Image.new("L", (200, 100), "white")
    image.paste(0, (0, 0, 100, 100))
    return image.convert(mode)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
def test_formats(image_format: str) -> None:
    """RGB in the end."""
    pixels = decode(encode(halves(), image_format))

    assert pixels.dtype == np.uint8
    assert _is_halves(pixels)


def _is_halves(pixels: Pixels) -> bool:
    return (
        pixels.shape == (100, 200, 3) and pixels[50, 20].max() < 10 and pixels[50, 180].min() > 245
    )


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA"])
def test_modes(mode: str) -> None:
    """One bit, grey, palette, transparent."""
    assert _is_halves(decode(encode(halves(mode), "PNG")))


def test_sixteen_bits() -> None:
    """The upper eight are the picture."""
    wide = np.asarray(halves("L")).astype(np.uint16) * 257

    assert _is_halves(decode(encode(Image.fromarray(wide), "PNG")))


def test_print_colours() -> None:
    """CMYK, as scanners and layout programs write it."""
    assert _is_halves(decode(encode(halves().convert("CMYK"), "JPEG")))


def test_heic() -> None:
    """What iPhones send; only the worker opens it."""
    assert _is_halves(decode(heic(halves())))


def test_of_several_frames_the_first_is_read() -> None:
    """An animated WebP is the nearest thing to a receipt in it."""
    buffer = io.BytesIO()
    white = Image.new("RGB", (200, 100), "white")
    halves().save(buffer, "WEBP", save_all=True, append_images=[white], lossless=True)

    assert _is_halves(decode(buffer.getvalue()))


@pytest.mark.parametrize("part", [0.2, 0.9])
def test_truncated_heic(part: float) -> None:
    """In the header and in the picture."""
    whole = heic(halves())

    with pytest.raises(ImageUnreadable):
        decode(whole[: int(len(whole) * part)])


def test_heic_pixels_are_counted_before_they_are_decoded() -> None:
    """The front does not look into these."""
    with pytest.raises(ImageTooManyPixels):
        decode(heic(Image.new("RGB", (100, 100))), 9_999)


def test_what_is_transparent_becomes_white() -> None:
    """Black print on nothing would otherwise be black on black."""
    image = Image.new("RGBA", (40, 40), (0, 0, 0, 0))

    assert decode(encode(image, "PNG")).min() == 255


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
    """An engine reads no better above that, and needs far more memory."""
    image = Image.new("RGB", (5000, 3000), "white")

    assert max(decode(encode(image, image_format)).shape) == LONGEST_SIDE


def test_small_images_stay_as_they_are() -> None:
    """Nothing is invented."""
    assert decode(encode(Image.new("RGB", (3, 2)))).shape == (2, 3, 3)


def test_pixels_are_counted_before_they_are_decoded() -> None:
    """By the worker as well, should an image have got past the front."""
    with pytest.raises(ImageTooManyPixels):
        decode(encode(Image.new("RGB", (100, 100))), 9_999)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_truncated_images(receipt_png: bytes, image_format: str, part: float) -> None:
    """A clear error, never half a picture."""
    with Image.open(io.BytesIO(receipt_png)) as image:
        whole = encode(image, image_format)

    with pytest.raises(ImageUnreadable):
        decode(whole[: int(len(whole) * part)])
