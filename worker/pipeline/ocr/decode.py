"""Decodes image bytes to pixels: upright, in colour, no larger than an engine can use."""

import io
import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageOps
from pillow_heif import HeifImageFile

from shared.image_headers import HEIC, JPEG, PNG, WEBP
from shared.images import check_pixels
from shared.rejections import ImageTooManyPixels, ImageUnreadable

Pixels = npt.NDArray[np.uint8]

# The media types of the formats that Pillow decodes, with its names for them.
_PILLOW = {JPEG: "JPEG", PNG: "PNG", WEBP: "WEBP"}
# What Pillow raises for damaged files; it depends on the format and the damage.
_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, struct.error)
# The EXIF orientations that swap width and height.
_ON_ITS_SIDE = range(5, 9)
# Longest side of a decoded image in pixels. A receipt that fills only a part of a scan is still
# large enough to be read.
LONGEST_SIDE = 3600


@dataclass(frozen=True, eq=False)
class DecodedImage:
    """RGB pixels of shape (height, width, 3), upright by EXIF, with sides of at most LONGEST_SIDE.

    `original_size` is the width and height of the image before it was made smaller.
    """

    pixels: Pixels
    original_size: tuple[int, int]

    @classmethod
    def whole(cls, pixels: Pixels) -> "DecodedImage":
        """Return an image that never was larger."""
        return cls(pixels, (pixels.shape[1], pixels.shape[0]))


def decode_image(content: bytes, media_type: str, max_pixels: int) -> DecodedImage:
    """Decode an image, turned as the EXIF orientation says.

    Only the first of several frames is read. Raises ImageUnreadable or ImageTooManyPixels.
    """
    with _open(content, media_type) as image:
        check_pixels(*image.size, max_pixels)
        width, height = image.size
        try:
            # A JPEG can be decoded at 1/2, 1/4 or 1/8 of its size for a fraction of the memory.
            image.draft("RGB", (LONGEST_SIDE // 2, LONGEST_SIDE // 2))
            # Convert to colour first: Pillow shrinks palettes and single bits by dropping pixels.
            if image.getexif().get(ExifTags.Base.Orientation, 1) in _ON_ITS_SIDE:
                width, height = height, width
            upright = _on_white(ImageOps.exif_transpose(_eight_bit(image)))
            upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
            return DecodedImage(np.asarray(upright), (width, height))
        except (*_DAMAGED, Image.DecompressionBombError) as error:
            raise ImageUnreadable from error


def _open(content: bytes, media_type: str) -> Image.Image:
    """Open an image without decoding it. Raises ImageUnreadable, ImageTooManyPixels."""
    file = io.BytesIO(content)
    try:
        if media_type == HEIC:
            return HeifImageFile(file)  # type: ignore[no-untyped-call]
        return Image.open(file, formats=(_PILLOW[media_type],))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageTooManyPixels from error
    except _DAMAGED as error:
        raise ImageUnreadable from error


def _eight_bit(image: Image.Image) -> Image.Image:
    """Scale 16-bit grey to 8 bits: Pillow's own conversion would clip every value above 255."""
    if image.mode.startswith("I"):
        wide = np.asarray(image).astype(np.uint32) >> 8
        return Image.fromarray(wide.clip(0, 255).astype(np.uint8))
    return image


def _on_white(image: Image.Image) -> Image.Image:
    """Convert to RGB with white behind transparent parts."""
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")
