"""Opens images with native libraries, which a hostile file may take over: never in a front.

Recognition children do it to read, and `shared.images.showing` does it to show.
"""

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from PIL import ExifTags, Image, ImageOps
from pillow_heif import HeifImageFile

from shared.images.headers import HEIC, JPEG, PNG, WEBP
from shared.images.inspection import check_pixels
from shared.rejections import ImageTooManyPixels, ImageUnreadable

# The media types of the formats that Pillow decodes, with its names for them.
_PILLOW = {JPEG: "JPEG", PNG: "PNG", WEBP: "WEBP"}
# What Pillow raises for damaged files; it depends on the format and the damage.
_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, struct.error)
# The EXIF orientations that swap width and height.
_ON_ITS_SIDE = range(5, 9)


@dataclass(frozen=True)
class OpenImage:
    """An image whose pixels have not been decoded, and its sides once it is upright."""

    image: Image.Image
    width: int
    height: int

    def upright(self) -> Image.Image:
        """Decode the first frame to RGB, white where it is transparent, turned as EXIF says."""
        # Convert to colour first: Pillow shrinks palettes and single bits by dropping pixels.
        return _on_white(ImageOps.exif_transpose(_eight_bit(self.image)))


@contextmanager
def opened(content: bytes, media_type: str, max_pixels: int) -> Iterator[OpenImage]:
    """Open an image, and report damage that is found inside the block as ImageUnreadable.

    Raises ImageUnreadable and ImageTooManyPixels.
    """
    with _open(content, media_type) as image:
        check_pixels(*image.size, max_pixels)
        width, height = image.size
        try:
            if _orientation(image) in _ON_ITS_SIDE:
                width, height = height, width
            yield OpenImage(image, width, height)
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


def _orientation(image: Image.Image) -> int:
    found = image.getexif().get(ExifTags.Base.Orientation, 1)
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


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
