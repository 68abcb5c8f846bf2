"""Decodes image bytes to pixels: upright, in colour, no larger than an engine can use."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from shared.images.opening import opened
from shared.images.pdf_scale import LONGEST_SIDE

Pixels = npt.NDArray[np.uint8]


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
    with opened(content, media_type, max_pixels) as file:
        # A JPEG can be decoded at 1/2, 1/4 or 1/8 of its size for a fraction of the memory.
        file.image.draft("RGB", (LONGEST_SIDE // 2, LONGEST_SIDE // 2))
        upright = file.upright()
        upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
        return DecodedImage(np.asarray(upright), (file.width, file.height))
