"""Reads the size of an image from its header, in pure Python and in bounded time.

A hostile file could crash the front through a native library, or keep it busy with millions of
empty parts, so nothing here decodes or lists more than it needs.
"""

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

HEIC = "image/heic"
JPEG = "image/jpeg"
PNG = "image/png"
WEBP = "image/webp"

# A JPEG of the largest size accepted has about 160 full segments before its picture; a HEIC has a
# few boxes at each level, and a property and an item for each tile.
_MOST_PARTS = 5_000
# A marker of JPEG, after the bytes that may stand before it.
_MARKER = re.compile(rb"\xff+([^\xff])", re.DOTALL)
# The marker of JPEG that the picture itself follows.
_SCAN = b"\xda"
# The markers of JPEG's frame headers (ITU-T T.81, table B.1): C0 to CF without the three that
# define tables.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Markers that stand alone, without a length.
_ALONE = frozenset({0x00, 0x01, *range(0xD0, 0xDA)})


class Size(NamedTuple):
    """Width and height in pixels, before any rotation."""

    width: int
    height: int


class DamagedHeader(ValueError):
    """The header does not say how large the image is."""


def size_in_header(content: bytes, media_type: str) -> Size | None:
    """Return the size that the header of a JPEG, PNG, WebP or HEIC declares.

    None means that a HEIC has no size where the format's standard expects it; its decoder may still
    find one. Raises DamagedHeader.
    """
    readers = {JPEG: _jpeg, PNG: _png, WEBP: _webp}
    try:
        if media_type == HEIC:
            return _heic(content)
        size = readers[media_type](content)
    except (struct.error, IndexError) as error:
        raise DamagedHeader from error
    if 0 in size:
        raise DamagedHeader
    return size


def _png(content: bytes) -> Size:
    length, kind, width, height = struct.unpack_from(">I4sII", content, 8)
    if kind != b"IHDR" or length < 13:
        raise DamagedHeader
    return Size(width, height)


def _jpeg(content: bytes) -> Size:
    at = 2
    for _ in range(_MOST_PARTS):
        found = _MARKER.search(content, at)
        if found is None or found[1] == _SCAN:
            break
        at = found.end()
        marker = found[1][0]
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", content, at + 3)
            return Size(width, height)
        if marker not in _ALONE:
            at += struct.unpack_from(">H", content, at)[0]
    raise DamagedHeader


def _webp(content: bytes) -> Size:
    (length,) = struct.unpack_from("<I", content, 4)
    if length + 8 > len(content):
        raise DamagedHeader
    kind = content[12:16]
    if kind == b"VP8X":
        wide, high = content[24:27], content[27:30]
        if len(high) < 3:
            raise DamagedHeader
        return Size(int.from_bytes(wide, "little") + 1, int.from_bytes(high, "little") + 1)
    if kind == b"VP8L" and content[20] == 0x2F:
        (bits,) = struct.unpack_from("<I", content, 21)
        return Size((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8 " and content[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", content, 26)
        return Size(width & 0x3FFF, height & 0x3FFF)
    raise DamagedHeader


def _heic(content: bytes) -> Size | None:
    """Return the shown size of the primary item (ISO/IEC 23008-12), or None if there is none."""
    try:
        meta = _box(content, b"meta")[4:]
        properties = _box(meta, b"iprp")
        wanted = _primary(_box(meta, b"pitm"))
        sizes = {
            number: _extent(kind, box)
            for number, (kind, box) in enumerate(_boxes(_box(properties, b"ipco")), 1)
            if kind in (b"ispe", b"clap")
        }
        for item, numbers in _associations(_box(properties, b"ipma")):
            if item == wanted:
                return min((sizes[number] for number in numbers if number in sizes), default=None)
    except (struct.error, IndexError, KeyError, ZeroDivisionError):
        return None
    return None


def _extent(kind: bytes, box: memoryview) -> Size:
    """Return the size of a picture, or of the part that is shown: encoders pad odd sizes."""
    if kind == b"ispe":
        return Size(*struct.unpack_from(">II", box, 4))
    width, parts_of_width, height, parts_of_height = struct.unpack_from(">IIII", box)
    return Size(width // parts_of_width, height // parts_of_height)


def _primary(box: memoryview) -> int:
    """Return the number of the primary item from its box."""
    number: int = struct.unpack_from(">I" if box[0] else ">H", box, 4)[0]
    return number


def _associations(box: memoryview) -> Iterator[tuple[int, list[int]]]:
    """Yield each item's number with the numbers of its properties."""
    version, wide = box[0], box[3] & 1
    (entries,) = struct.unpack_from(">I", box, 4)
    at = 8
    for _ in range(min(entries, _MOST_PARTS)):
        (item,) = struct.unpack_from(">I" if version else ">H", box, at)
        at += 4 if version else 2
        count = box[at]
        numbers = struct.unpack_from(f">{count}{'H' if wide else 'B'}", box, at + 1)
        at += 1 + count * (2 if wide else 1)
        # The highest bit says whether the property is essential.
        yield item, [number & (0x7FFF if wide else 0x7F) for number in numbers]


def _box(content: bytes | memoryview, wanted: bytes) -> memoryview:
    """Return the content of the first box of a kind. Raises KeyError if there is none."""
    for kind, box in _boxes(content):
        if kind == wanted:
            return box
    raise KeyError(wanted)


def _boxes(content: bytes | memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yield kind and content of the boxes, as far as they are whole (ISO/IEC 14496-12)."""
    view, at = memoryview(content), 0
    for _ in range(_MOST_PARTS):
        if at + 8 > len(view):
            return
        length, kind = struct.unpack_from(">I4s", view, at)
        start = at + 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", view, start)
            start += 8
        end = at + length if length else len(view)
        if end < start:
            return
        yield kind, view[start:end]
        at = end
