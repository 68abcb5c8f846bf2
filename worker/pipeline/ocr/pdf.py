"""Reads the pages of a PDF: the text layer if a page has one, otherwise the page as pixels.

PDFium reads both, through pypdfium2. Text that lies over a scan is some other program's OCR, so
such a page counts as an image.
"""

import ctypes
import math
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium

from shared.images.pdf_scale import MAX_PAGES, page_scale
from shared.rejections import ImageTooCostly, ImageUnreadable, PdfProtected
from worker.pipeline.ocr.decode import DecodedImage, Pixels
from worker.pipeline.ocr.logos import Logo, find_logo, pictures
from worker.pipeline.ocr.text import TextLine, Word

# Fewer characters than this are a scanner's stamp, not a receipt.
_MIN_CHARACTERS = 20
# Reading the rows of more text than this would take most of a job's time limit. The longest
# receipts have a tenth of it, and a page of a book 3,000.
_MAX_CHARACTERS = 100_000
# A page is a scan if images cover more than this fraction of it.
_SCAN = 0.5
# The text is useless if more than this fraction of its characters mean nothing, which happens
# with fonts that do not say what they draw.
_MAX_UNKNOWN = 0.1


@dataclass(frozen=True)
class TextPage:
    """A page with a text layer. Its sides are those of the rendered page in pixels.

    The first page may have a `logo`, which is not in the text.
    """

    width: int
    height: int
    lines: Sequence[TextLine]
    logo: Logo | None = None


def text_layer_reader() -> tuple[str, str]:
    """Return the name and version of PDFium, which results give in place of an engine's."""
    return "pdfium", str(pypdfium2.version.PDFIUM_INFO.build)


def read_pdf(content: bytes) -> Iterator[DecodedImage | TextPage]:
    """Yield the first five pages, each as its text layer or as pixels (see `decode_image`).

    Raises ImageUnreadable, PdfProtected if the file needs a password, or ImageTooCostly if it has
    far more text than any receipt.
    """
    try:
        with closing(pypdfium2.PdfDocument(content)) as document:
            if len(document) == 0:
                raise ImageUnreadable
            yield from _pages(document)
    except pypdfium2.PdfiumError as error:
        if error.err_code == pdfium.FPDF_ERR_PASSWORD:
            raise PdfProtected from error
        raise ImageUnreadable from error


def _pages(document: pypdfium2.PdfDocument) -> Iterator[DecodedImage | TextPage]:
    for index in range(min(len(document), MAX_PAGES)):
        with closing(document[index]) as page:
            scale = page_scale(*page.get_size())
            lines = _text_layer(page, scale)
            if lines:
                width, height = (math.ceil(side * scale) for side in page.get_size())
                yield TextPage(width, height, lines, None if index else _logo(page, scale))
            else:
                yield DecodedImage.whole(_render(page, scale))


def _render(page: pypdfium2.PdfPage, scale: float) -> Pixels:
    with closing(page.render(scale=scale, rev_byteorder=True)) as bitmap:
        pixels: Pixels = np.array(bitmap.to_numpy()[:, :, :3])
        return pixels


def _logo(page: pypdfium2.PdfPage, scale: float) -> Logo | None:
    return find_logo(page, [_placed(page, box, scale) for box in pictures(page)], scale)


def _text_layer(page: pypdfium2.PdfPage, scale: float) -> Sequence[TextLine]:
    """Read the text layer; the result is empty if there is none that can be trusted."""
    with closing(page.get_textpage()) as layer:
        if layer.count_chars() > _MAX_CHARACTERS:
            raise ImageTooCostly(f"A page has more than {_MAX_CHARACTERS} characters.")
        text = layer.get_text_range()
        marks = [mark for mark in text if not mark.isspace()]
        unknown = sum(unicodedata.category(mark) in ("Cc", "Cn", "Co") for mark in marks)
        unknown += text.count("\N{REPLACEMENT CHARACTER}")
        if len(marks) < _MIN_CHARACTERS or unknown > _MAX_UNKNOWN * len(marks) or _is_scan(page):
            return []
        return list(_on_page(page, _lines(page, layer, scale), scale))


def _is_scan(page: pypdfium2.PdfPage) -> bool:
    covered = 0.0
    for image in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE]):
        left, bottom, right, top = image.get_bounds()
        covered += (right - left) * (top - bottom)
    return bool(covered > _SCAN * math.prod(page.get_size()))


def _on_page(
    page: pypdfium2.PdfPage, lines: Iterable[TextLine], scale: float
) -> Iterator[TextLine]:
    """Yield the lines without words whose middle is beyond an edge, where nobody sees them."""
    width, height = (side * scale for side in page.get_size())
    for line in lines:
        seen = tuple(
            word
            for word in line.words
            if 0 <= word.middle <= height and 0 <= (word.left + word.right) / 2 <= width
        )
        if seen:
            yield TextLine(seen)


def _lines(
    page: pypdfium2.PdfPage, layer: pypdfium2.PdfTextPage, scale: float
) -> Iterator[TextLine]:
    """Split the text at white space, which PDFium also inserts at gaps."""
    words: list[Word] = []
    run = ""
    boxes: list[tuple[float, float, float, float]] = []
    for index in range(layer.count_chars()):
        mark = chr(pdfium.FPDFText_GetUnicode(layer, index))
        if not mark.isspace():
            run += mark
            boxes.append(_placed(page, layer.get_charbox(index, loose=True), scale))
            continue
        if run:
            words.append(_word(run, boxes))
            run, boxes = "", []
        if mark == "\n" and words:
            yield TextLine(tuple(words))
            words = []
    if run:
        words.append(_word(run, boxes))
    if words:
        yield TextLine(tuple(words))


def _placed(
    page: pypdfium2.PdfPage, box: tuple[float, float, float, float], scale: float
) -> tuple[float, float, float, float]:
    """Convert a box from the page's coordinates to left, top, right, bottom in pixels."""
    width, height = (math.ceil(side * scale) for side in page.get_size())
    x, y = ctypes.c_int(), ctypes.c_int()
    corners = []
    for across, up in ((box[0], box[1]), (box[2], box[3])):
        pdfium.FPDF_PageToDevice(page, 0, 0, width, height, 0, across, up, x, y)
        corners.append((x.value, y.value))
    (x0, y0), (x1, y1) = corners
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _word(text: str, boxes: Sequence[tuple[float, float, float, float]]) -> Word:
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return Word(text, min(lefts), min(tops), max(rights), max(bottoms), confidence=1.0)
