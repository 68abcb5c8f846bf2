"""Makes HEIC and PDF files, which the product itself never writes."""

import io
from collections.abc import Sequence
from contextlib import closing

import pypdfium2
from fpdf import FPDF
from PIL import Image
from pillow_heif import from_pillow

from shared.local.receipt_image import DrawnReceipt, draw_receipt

# Width and height of the paper, its margin, and the height of a line, in millimetres.
_PAPER = (80, 160)
_MARGIN = 4
_LINE = 6
# Letters as rectangles: left, top, width and height in millimetres.
_STROKES = {
    "H": [(0, 0, 2, 10), (4, 0, 2, 10), (0, 4, 6, 2)],
    "I": [(2, 0, 2, 10)],
    "L": [(0, 0, 2, 10), (0, 8, 6, 2)],
}


def heic(image: Image.Image) -> bytes:
    """Encode an image as HEIC, as a phone does."""
    buffer = io.BytesIO()
    from_pillow(image).save(buffer, quality=90)
    return buffer.getvalue()


def scanned_pdf(receipt: DrawnReceipt, *, text: bool = False) -> bytes:
    """Return a page with a picture of the receipt; `text` adds a layer of text, as scanners do."""
    document = _document()
    document.add_page()
    document.image(draw_receipt(receipt), x=0, y=0, w=_PAPER[0])
    if text:
        _print(document, receipt.rows())
    return bytes(document.output())


def pdf(*receipts: DrawnReceipt, password: str | None = None) -> bytes:
    """Return a PDF with a page of real text for each receipt, encrypted if a password is given."""
    return printed_pdf(*(receipt.rows() for receipt in receipts), password=password)


def printed_pdf(*pages: Sequence[tuple[str, str]], password: str | None = None) -> bytes:
    """Return a PDF of real text; each page is a list of rows with a left and a right side."""
    document = _document()
    for rows in pages:
        document.add_page()
        _print(document, rows)
    if password:
        document.set_encryption(owner_password=f"{password}!", user_password=password)
    return bytes(document.output())


def logo_pdf(rows: Sequence[tuple[str, str]], logo: Image.Image) -> bytes:
    """Return a page of real text, with a picture of the merchant's name above it."""
    document = _document()
    document.add_page()
    document.image(logo, x=_PAPER[0] / 4, y=_MARGIN, w=_PAPER[0] / 2)
    _print(document, [("", "")] * 3 + list(rows))
    return bytes(document.output())


def drawn_pdf(rows: Sequence[tuple[str, str]], name: str) -> bytes:
    """Return a page of real text below a name of the letters H, I and L, drawn as filled shapes."""
    document = _document()
    document.add_page()
    document.set_fill_color(0)
    for place, letter in enumerate(name):
        for x, y, width, height in _STROKES[letter]:
            document.rect(20 + 9 * place + x, _MARGIN + y, width, height, style="F")
    _print(document, [("", "")] * 3 + list(rows))
    return bytes(document.output())


def sideways_pdf(receipt: DrawnReceipt) -> bytes:
    """Return a page printed from bottom to top, whose rotation makes viewers show it upright."""
    document = FPDF(unit="mm", format=(_PAPER[1], _PAPER[0]))
    document.set_auto_page_break(False)
    document.set_font("Helvetica", size=9)
    document.add_page()
    with document.rotation(90, 0, _PAPER[0]):
        document.set_y(0)
        for index, (left, right) in enumerate(receipt.rows()):
            y = _PAPER[0] + _MARGIN + (index + 1) * _LINE
            document.text(_MARGIN, y, left)
            document.text(_PAPER[0] - _MARGIN - document.get_string_width(right), y, right)
    with closing(pypdfium2.PdfDocument(bytes(document.output()))) as turned:
        turned[0].set_rotation(90)
        buffer = io.BytesIO()
        turned.save(buffer)
    return buffer.getvalue()


def _document() -> FPDF:
    document = FPDF(unit="mm", format=_PAPER)
    document.set_auto_page_break(False)
    document.set_font("Helvetica", size=9)
    return document


def _print(document: FPDF, rows: Sequence[tuple[str, str]]) -> None:
    for index, (left, right) in enumerate(rows):
        y = _MARGIN + index * _LINE
        document.text(_MARGIN, y + _LINE, left)
        document.text(_PAPER[0] - _MARGIN - document.get_string_width(right), y + _LINE, right)
