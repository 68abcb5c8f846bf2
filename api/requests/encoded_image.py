"""The image of a JSON body, which is cut out of it before the rest is parsed.

A parser would copy the text of an image, which is most of the body, and so would whoever decodes
it. Here it is decoded in the memory in which it arrived.
"""

import binascii
import json
import re
import secrets
from typing import Any, TypeAlias

from shared.images.inspection import ImageLimits, decode_base64, refuse_long_base64
from shared.rejections import ImageNotBase64

_FIELD = b'"image_base64"'
_BEFORE_TEXT = re.compile(rb'\s*:\s*"')
_BACKSLASH = ord("\\")
_URL_SCHEME = b"data:"
# Characters that are decoded at once, which takes about two milliseconds; a multiple of four.
_PIECE = 1 << 20


class EncodedImage:
    """A base64 text, or a `data:` URL, inside a body."""

    def __init__(self, body: bytearray, start: int, end: int) -> None:
        """Take over the body, whose characters from `start` to before `end` are the text."""
        self._body = body
        self._start = start
        self._end = end
        # What stands for the image in the parsed body. No caller can guess it.
        self.marker = secrets.token_hex(16)

    @classmethod
    def found_in(cls, body: bytearray) -> "EncodedImage | None":
        """Return the image of the first such field of a JSON body, or None if it is no image."""
        name = body.find(_FIELD)
        before = _BEFORE_TEXT.match(body, name + len(_FIELD)) if name > 0 else None
        # The name may be part of another string; then its quote is an escaped one.
        if before is None or body[name - 1] == _BACKSLASH:
            return None
        end = body.find(b'"', before.end())
        # Base64 has neither quotes nor backslashes.
        return None if end < 0 or body[end - 1] == _BACKSLASH else cls(body, before.end(), end)

    @staticmethod
    def may_be_in(body: bytearray) -> bool:
        """Return whether the field of an image begins in this part of a body."""
        return _FIELD in body

    def remainder(self) -> bytes:
        """Return the body with the marker in place of the image."""
        before, after = self._body[: self._start], memoryview(self._body)[self._end :]
        return b"".join((before, self.marker.encode(), after))

    def belongs_to(self, value: Any) -> bool:
        """Return whether the marker is where a call may have an image."""
        places = [value, value.get("payload")] if isinstance(value, dict) else []
        return any(
            isinstance(place, dict) and place.get("image_base64") == self.marker for place in places
        )

    def decode(self, limits: ImageLimits) -> bytes:
        """Return the bytes of the image, and free the text. It can be called once.

        Raises ImageNotBase64, ImageTooLarge.
        """
        body, start, end = self._body, self._start, self._end
        self._body = bytearray()
        if body.find(b"\\", start, end) >= 0 or body.find(b" ", start, end) >= 0:
            return _decoded_with_escapes(body[start - 1 : end + 1], limits)
        if body.startswith(_URL_SCHEME, start, end):
            start = body.find(b",", start, end) + 1 or end
        refuse_long_base64(end - start, limits)
        try:
            return _decoded(body, start, end)
        except binascii.Error as error:
            raise ImageNotBase64 from error


def _decoded_with_escapes(string: bytearray, limits: ImageLimits) -> bytes:
    """Decode a JSON string. JSON can escape any character, and base64 may have white space."""
    try:
        return decode_base64(json.loads(string), limits)
    except ValueError as error:
        raise ImageNotBase64 from error


def _decoded(body: bytearray, start: int, end: int) -> bytes:
    """Decode a text inside a body piece by piece, writing what it stands for over the body.

    That is shorter than the text, so it never reaches what is still to be read. Another thread can
    run between two pieces.
    """
    length = 0
    with memoryview(body) as view:
        for position in range(start, end, _PIECE):
            until = min(position + _PIECE, end)
            piece = binascii.a2b_base64(view[position:until], strict_mode=True)
            if until < end and len(piece) != _PIECE * 3 // 4:
                raise binascii.Error("padding before the end")
            view[length : length + len(piece)] = piece
            length += len(piece)
        return bytes(view[:length])


# How an image arrives: as a file, or as text; None if the payload has it, or if there is none.
SentImage: TypeAlias = bytes | EncodedImage | None
