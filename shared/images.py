"""What an image is, judged by its header: format, size, pixels. Decoding is the worker's part."""

import base64
import binascii
import hashlib
import io
import struct
from dataclasses import asdict, dataclass
from typing import Any

from PIL import Image, UnidentifiedImageError

from shared.rejections import (
    ImageEmpty,
    ImageNotBase64,
    ImageTooLarge,
    ImageTooManyPixels,
    ImageUnreadable,
    ImageUnsupported,
)

FORMATS = ("JPEG", "PNG", "WEBP")
# What Pillow raises for a damaged file, by format and by how it is damaged.
DAMAGED = (OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, struct.error)


@dataclass(frozen=True, kw_only=True)
class ImageLimits:
    """How big an image may be: bytes as sent, pixels as decoded."""

    max_bytes: int
    max_pixels: int


@dataclass(frozen=True, kw_only=True)
class ImageInfo:
    """What is kept of an image on its job. `sha256` is of the bytes as sent, in hex."""

    media_type: str
    width: int
    height: int
    bytes: int
    sha256: str

    def as_json(self) -> dict[str, Any]:
        """For the job's input payload."""
        return asdict(self)


def decode_base64(text: str, limits: ImageLimits) -> bytes:
    """The bytes of a base64 string or `data:` URL; white space is ignored.

    Raises ImageNotBase64, ImageTooLarge.
    """
    if text.startswith("data:"):
        text = text.partition(",")[2]
    if any(white in text for white in " \t\r\n"):
        text = "".join(text.split())
    if len(text) * 3 // 4 - 2 > limits.max_bytes:
        raise _too_large(limits)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ImageNotBase64 from error


def inspect(content: bytes, limits: ImageLimits) -> ImageInfo:
    """Read the header. Raises one of the Image errors when the image is not to be accepted."""
    if not content:
        raise ImageEmpty
    if len(content) > limits.max_bytes:
        raise _too_large(limits)
    with open_image(content) as image:
        width, height = image.size
        media_type = Image.MIME[image.format or ""]
    if width * height > limits.max_pixels:
        raise ImageTooManyPixels(
            f"The image has {width}×{height} pixels; "
            f"the limit is {limits.max_pixels / 1e6:g} megapixels."
        )
    return ImageInfo(
        media_type=media_type,
        width=width,
        height=height,
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def open_image(content: bytes) -> Image.Image:
    """Open without decoding. Raises ImageUnsupported, ImageUnreadable, ImageTooManyPixels."""
    try:
        return Image.open(io.BytesIO(content), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageTooManyPixels from error
    except UnidentifiedImageError as error:
        begins_well = content.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n")) or (
            content[:4] == b"RIFF" and content[8:12] == b"WEBP"
        )
        raise (ImageUnreadable if begins_well else ImageUnsupported) from error
    except DAMAGED as error:
        raise ImageUnreadable from error


def _too_large(limits: ImageLimits) -> ImageTooLarge:
    return ImageTooLarge(f"The image is over {limits.max_bytes / 1e6:g} MB.")
