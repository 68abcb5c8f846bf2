"""What an image is, judged by its first bytes: format, size, pixels. Decoding is the worker's part.

JPEG, PNG and WebP headers are read here, in Python. Only native libraries can read HEIC and PDF,
and a hostile file could take the front down with one: those are judged in the recognition child.
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
# Pillow's name of each format that it reads by itself, by media type.
_PILLOW = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
# The longest stretch of a file that tells its type.
_HEAD = 8192
# What Pillow raises for a damaged file, by format and by how it is damaged.
DAMAGED = (OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, struct.error)


@dataclass(frozen=True, kw_only=True)
class ImageLimits:
    """How big an image may be: bytes as sent, pixels as decoded."""

    max_bytes: int
    max_pixels: int


@dataclass(frozen=True, kw_only=True)
class ImageInfo:
    """What is kept of an image on its job. `sha256` is of the bytes as sent, in hex.

    `width` and `height` are in pixels as stored; None where the header is not read here.
    """

    media_type: str
    width: int | None
    height: int | None
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
    """One of the accepted media types, by the first bytes. Raises ImageUnsupported."""
    found: str | None = filetype.guess_mime(content[:_HEAD])
    if found in _PILLOW or found in (HEIC, PDF):
        return found
    raise ImageUnsupported(f"{_named(found)} {ImageUnsupported.detail}")


def open_image(content: bytes, media_type: str) -> Image.Image:
    """Open a JPEG, PNG or WebP without decoding. Raises ImageUnreadable, ImageTooManyPixels."""
    try:
        return Image.open(io.BytesIO(content), formats=(_PILLOW[media_type],))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageTooManyPixels from error
    except DAMAGED as error:
        raise ImageUnreadable from error


def check_pixels(image: Image.Image, limit: int) -> None:
    """Raises ImageTooManyPixels when the header promises more than `limit`."""
    width, height = image.size
    if width * height > limit:
        raise ImageTooManyPixels(
            f"The image has {width}×{height} pixels; the limit is {limit / 1e6:g} megapixels."
        )


def _named(media_type: str | None) -> str:
    return f"This is {media_type}." if media_type else "This is no image that we know."


def _too_large(limits: ImageLimits) -> ImageTooLarge:
    return ImageTooLarge(f"The image is over {limits.max_bytes / 1e6:g} MB.")
