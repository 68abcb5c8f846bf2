"""Makes small files that take much CPU time or memory to decode, as an attacker would."""

import io
import struct
import zlib
from collections.abc import Sequence

from PIL import Image

from tests.support.heic_and_pdf import heic

_BOX = (0, 0, 300, 600)


def raw_pdf(
    page: bytes,
    *,
    objects: Sequence[bytes] = (),
    resources: bytes = b"",
    box: Sequence[float] = _BOX,
    extra: bytes = b"",
) -> bytes:
    """Return a PDF of one page with the content stream `page`.

    `objects` are further objects, whose numbers begin at 5; `extra` are entries of the page.
    """
    sides = " ".join(f"{side:g}" for side in box).encode()
    return _numbered(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[%b]/Resources<<%b>>/Contents 4 0 R %b>>"
            % (sides, resources, extra),
            stream(page),
            *objects,
        ]
    )


def stream(content: bytes, entries: bytes = b"") -> bytes:
    """Return a compressed stream with the `entries` of its dictionary."""
    packed = zlib.compress(content, 9)
    return b"<</Length %d/Filter/FlateDecode %b>>stream\n%b\nendstream" % (
        len(packed),
        entries,
        packed,
    )


def nested_forms(levels: int = 8, times: int = 10) -> bytes:
    """Return a PDF of forms that each draw the next one many times, `times ** levels` in all."""
    objects = []
    for level in range(levels):
        entries = b"/Type/XObject/Subtype/Form/BBox[0 0 300 600]"
        if level < levels - 1:
            content = b"/F Do " * times
            entries += b"/Resources<</XObject<</F %d 0 R>>>>" % (level + 6)
        else:
            content = b"0 0 300 600 re f "
        objects.append(stream(content, entries))
    return raw_pdf(b"/F Do", objects=objects, resources=b"/XObject<</F 5 0 R>>")


def nested_groups(levels: int = 30) -> bytes:
    """Return a PDF of transparency groups in each other, each of which needs a bitmap."""
    objects = []
    for level in range(levels):
        last = level == levels - 1
        content = b"0 0 300 600 re f " if last else b"/G gs /F Do"
        entries = b"/Type/XObject/Subtype/Form/BBox[0 0 864 864]"
        entries += b"/Group<</S/Transparency/I true/K true>>"
        entries += b"/Resources<</ExtGState<</G<</ca 0.5/CA 0.5>>>>"
        entries += b">>" if last else b"/XObject<</F %d 0 R>>>>" % (level + 6)
        objects.append(stream(content, entries))
    resources = b"/XObject<</F 5 0 R>>/ExtGState<</G<</ca 0.5>>>>"
    return raw_pdf(b"/G gs /F Do", objects=objects, resources=resources, box=(0, 0, 864, 864))


def shadings(times: int = 20_000) -> bytes:
    """Return a PDF that paints a shading over its page many times, point by point."""
    function = stream(
        b"{ add dup sin exch cos mul dup dup }",
        b"/FunctionType 4/Domain[0 1 0 1]/Range[0 1 0 1 0 1]",
    )
    shading = b"<</ShadingType 1/ColorSpace/DeviceRGB/Domain[0 1 0 1]/Matrix[864 0 0 864 0 0]"
    shading += b"/Function 6 0 R>>"
    return raw_pdf(
        b"/S sh " * times,
        objects=[shading, function],
        resources=b"/Shading<</S 5 0 R>>",
        box=(0, 0, 864, 864),
    )


def long_text(lines: int = 200_000) -> bytes:
    """Return a PDF whose text layer has many lines."""
    text = b"".join(b"(Milk 1.5%% %d.%02d) Tj T* " % (n % 97, n % 100) for n in range(lines))
    start = b"BT /T %g Tf %g TL 5 590 Td " % (400 / lines, 580 / lines)
    return raw_pdf(
        start + text + b"ET",
        objects=[b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"],
        resources=b"/Font<</T 5 0 R>>",
    )


def picture_bomb(side: int = 30_000) -> bytes:
    """Return a PDF with a picture of `side` × `side` pixels of one colour."""
    packer = zlib.compressobj(9)
    row = b"\xff" * (side * 3)
    packed = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    picture = b"<</Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceRGB" % (
        side,
        side,
    )
    picture += b"/BitsPerComponent 8/Length %d/Filter/FlateDecode>>stream\n%b\nendstream" % (
        len(packed),
        packed,
    )
    return raw_pdf(
        b"300 0 0 600 0 0 cm /P Do", objects=[picture], resources=b"/XObject<</P 5 0 R>>"
    )


def tiling(step: float = 0.02) -> bytes:
    """Return a PDF that fills its page with a pattern of tiny tiles."""
    pattern = stream(
        b"0 0 0.01 0.01 re f",
        b"/Type/Pattern/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 1 1]"
        b"/XStep %g/YStep %g/Resources<<>>" % (step, step),
    )
    return raw_pdf(
        b"/Pattern cs /P scn 0 0 300 600 re f",
        objects=[pattern],
        resources=b"/Pattern<</P 5 0 R>>",
    )


def png(width: int, height: int, colour: int = 2, *, chunks: bytes = b"") -> bytes:
    """Return a PNG of zeros with the colour type `colour` of its specification, by default RGB.

    `chunks` come after the header.
    """
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    packed = zlib.compress(bytes((width * channels + 1) * height), 1)
    rest = chunks + png_chunk(b"IDAT", packed) + png_chunk(b"IEND")
    return png_of_declared_size(width, height, colour) + rest


def png_of_declared_size(width: int, height: int, colour: int = 2) -> bytes:
    """Return the header of a PNG, without any pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header)


def png_chunk(kind: bytes, content: bytes = b"") -> bytes:
    """Return a chunk of a PNG with its checksum."""
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checksum


def heic_of_declared_size(width: int, height: int) -> bytes:
    """Return a HEIC whose header declares another size than that of its picture."""
    small = heic(Image.new("RGB", (64, 64)))
    return small.replace(struct.pack(">II", 64, 64), struct.pack(">II", width, height))


def many_scans(side: int = 6_000, scans: int = 3_000) -> bytes:
    """Return a progressive JPEG that repeats its last scan, so that every block is visited again.

    A scan of nothing but zeros takes a few bytes and still covers the whole picture.
    """
    file = io.BytesIO()
    Image.new("L", (side, side)).save(file, "JPEG", progressive=True, quality=50)
    whole = file.getvalue()
    last = whole.rindex(b"\xff\xda")
    scan = whole[last:-2]
    return whole[:last] + scan * scans + b"\xff\xd9"


def many_segments(count: int = 2_400_000) -> bytes:
    """Return a JPEG with very many empty comments before its picture."""
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG")
    whole = file.getvalue()
    return whole[:2] + b"\xff\xfe\x00\x02" * count + whole[2:]


def many_chunks(count: int = 800_000) -> bytes:
    """Return a PNG with very many empty chunks before its picture."""
    return png(8, 8, chunks=png_chunk(b"teXt") * count)


def _numbered(objects: Sequence[bytes]) -> bytes:
    """Return a PDF of objects that are numbered from 1, with its table."""
    file = b"%PDF-1.7\n"
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(file))
        file += b"%d 0 obj%b\nendobj\n" % (number, content)
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    table += b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (
        len(objects) + 1,
        len(file),
    )
    return file + table + trailer
