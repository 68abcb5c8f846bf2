"""Image bytes to pixels: upright, in colour, no larger than an engine can use."""

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from shared.images import DAMAGED, open_image
from shared.rejections import ImageTooManyPixels, ImageUnreadable

Pixels = npt.NDArray[np.uint8]

# Longest side handed to an engine. PP-OCR reads no better above it; memory grows with its square.
LONGEST_SIDE = 2000


def decode_image(content: bytes, max_pixels: int) -> Pixels:
    """Decode to RGB, shape (height, width, 3), uint8, turned as its EXIF orientation says.

    Raises ImageUnsupported, ImageUnreadable, ImageTooManyPixels.
    """
    with open_image(content) as image:
        if image.width * image.height > max_pixels:
            raise ImageTooManyPixels
        try:
            # JPEG can be decoded at 1/2, 1/4 or 1/8 of its size for a fraction of the memory.
            image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            upright = ImageOps.exif_transpose(image)
            upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
            return np.asarray(_on_white(upright))
        except (*DAMAGED, Image.DecompressionBombError) as error:
            raise ImageUnreadable from error


def _on_white(image: Image.Image) -> Image.Image:
    """RGB, with white behind transparent parts."""
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")
