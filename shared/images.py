"""Inspection of images by their headers: format, bytes and pixels. The worker decodes them.

The headers of JPEG, PNG and WebP are read here. Only native libraries can read HEIC and PDF, and a
hostile file could crash the front through one, so the recognition child inspects those.
"""

import base64
import binascii
import hashlib
import io
import struct
from dataclasses import asdict, dataclass
from typing import Any

import filetype
from PIL import Image

from shared.rejections import (
    ImageEmpty,
    ImageNotBase64,
    ImageTooLarge,
    ImageTooManyPixels,
    ImageUnreadable,
    ImageUnsupported,
)

HEIC = "image/heic"
PDF = "application/pdf"
# The media types of the formats that are read here, with Pillow's names for them.
_PILLOW = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
# How many bytes of a file are enough to recognise its type.
_HEAD = 8192
# What Pillow raises for damaged files; it depends on the format and the damage.
DAMAGED = (OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, struct.error)


@dataclass(frozen=True, kw_only=True)
class ImageLimits:
    """The largest image accepted, in bytes as sent and in pixels as decoded."""

    max_bytes: int
    max_pixels: int


@dataclass(frozen=True, kw_only=True)
class ImageInfo:
    """What a job stores about its image. `sha256` is of the bytes as sent, in hexadecimal.

    `width` and `height` are in pixels before any rotation, or None for HEIC and PDF.
    """

    media_type: str
    width: int | None
    height: int | None
    bytes: int
    sha256: str

    def as_json(self) -> dict[str, Any]:
        """Return the fields for the job's input payload."""
        return asdict(self)


def decode_base64(text: str, limits: ImageLimits) -> bytes:
    """Decode a base64 string or a `data:` URL, ignoring white space.

    Raises ImageNotBase64, ImageTooLarge.
    """
    if text.startswith("data:"):
        text = text.partition(",")[2]
    if any(white in text for white in " \t\r\n"):
        text = "".join(text.split())
    refuse_long_base64(len(text), limits)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ImageNotBase64 from error


def refuse_long_base64(characters: int, limits: ImageLimits) -> None:
    """Raise ImageTooLarge if so many characters of base64 stand for too many bytes."""
    if characters * 3 // 4 - 2 > limits.max_bytes:
        raise _too_large(limits)


def inspect(content: bytes, limits: ImageLimits) -> ImageInfo:
    """Read the header of an image. Raises one of the Image errors if it is not acceptable."""
    if not content:
        raise ImageEmpty
    if len(content) > limits.max_bytes:
        raise _too_large(limits)
    media_type = media_type_of(content)
    width = height = None
    if media_type in _PILLOW:
        with open_image(content, media_type) as image:
            check_pixels(image, limits.max_pixels)
            width, height = image.size
    return ImageInfo(
        media_type=media_type,
        width=width,
        height=height,
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def media_type_of(content: bytes) -> str:
    """Recognise the media type by the first bytes. Raises ImageUnsupported for any other."""
    found: str | None = filetype.guess_mime(content[:_HEAD])
    if found in _PILLOW or found in (HEIC, PDF):
        return found
    raise ImageUnsupported(f"{_named(found)} {ImageUnsupported.detail}")


def open_image(content: bytes, media_type: str) -> Image.Image:
    """Open a JPEG, PNG or WebP without decoding it. Raises ImageUnreadable, ImageTooManyPixels."""
    try:
        return Image.open(io.BytesIO(content), formats=(_PILLOW[media_type],))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageTooManyPixels from error
    except DAMAGED as error:
        raise ImageUnreadable from error


def check_pixels(image: Image.Image, limit: int) -> None:
    """Raise ImageTooManyPixels if the header declares more than `limit` pixels."""
    width, height = image.size
    if width * height > limit:
        raise ImageTooManyPixels(
            f"The image has {width}×{height} pixels; the limit is {limit / 1e6:g} megapixels."
        )


def _named(media_type: str | None) -> str:
    return f"This is {media_type}." if media_type else "This is not a known image format."


def _too_large(limits: ImageLimits) -> ImageTooLarge:
    return ImageTooLarge(f"The image is larger than {limits.max_bytes / 1e6:g} MB.")
