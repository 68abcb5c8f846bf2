"""Inspection of images by their headers: format, bytes and pixels. The worker decodes them.

Only native libraries can read the size of a PDF's pages, and a hostile file could crash the front
through one, so the recognition child inspects those.
"""

import base64
import binascii
import hashlib
from dataclasses import asdict, dataclass
from typing import Any

import filetype

from shared.images.headers import HEIC, JPEG, PNG, WEBP, DamagedHeader, Size, size_in_header
from shared.rejections import (
    ImageEmpty,
    ImageNotBase64,
    ImageTooLarge,
    ImageTooManyPixels,
    ImageUnreadable,
    ImageUnsupported,
)

PDF = "application/pdf"
# The longest side accepted, in pixels, which is the longest that a JPEG can have. Resizing takes
# memory for each row and column: an image of 1 × 39,000,000 pixels would take 1.4 GB. A receipt of
# 80 mm at 300 dots per inch would be 5.5 m long.
MAX_SIDE = 65_535
# How many bytes of a file are enough to recognise its type.
_HEAD = 8192


@dataclass(frozen=True, kw_only=True)
class ImageLimits:
    """The largest image accepted, in bytes as sent and in pixels as decoded."""

    max_bytes: int
    max_pixels: int


@dataclass(frozen=True, kw_only=True)
class ImageInfo:
    """What a job stores about its image. `sha256` is of the bytes as sent, in hexadecimal.

    `width` and `height` are in pixels before any rotation. They are None for PDF, and for a HEIC
    whose header does not say them.
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
    size = _declared_size(content, media_type)
    if size:
        check_pixels(*size, limits.max_pixels)
    return ImageInfo(
        media_type=media_type,
        width=size and size.width,
        height=size and size.height,
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def media_type_of(content: bytes) -> str:
    """Recognise the media type by the first bytes. Raises ImageUnsupported for any other."""
    found: str | None = filetype.guess_mime(content[:_HEAD])
    if found in (HEIC, JPEG, PDF, PNG, WEBP):
        return found
    raise ImageUnsupported(f"{_named(found)} {ImageUnsupported.detail}")


def _declared_size(content: bytes, media_type: str) -> Size | None:
    if media_type == PDF:
        return None
    try:
        return size_in_header(content, media_type)
    except DamagedHeader as error:
        raise ImageUnreadable from error


def check_pixels(width: int, height: int, limit: int) -> None:
    """Raise ImageTooManyPixels if an image has more than `limit` pixels, or a side too long."""
    if width * height > limit:
        raise ImageTooManyPixels(
            f"The image has {width}×{height} pixels; the limit is {limit / 1e6:g} megapixels."
        )
    if max(width, height) > MAX_SIDE:
        raise ImageTooManyPixels(
            f"The image has {width}×{height} pixels; no side may be longer than {MAX_SIDE}."
        )


def _named(media_type: str | None) -> str:
    return f"This is {media_type}." if media_type else "This is not a known image format."


def _too_large(limits: ImageLimits) -> ImageTooLarge:
    return ImageTooLarge(f"The image is larger than {limits.max_bytes / 1e6:g} MB.")
