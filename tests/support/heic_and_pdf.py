"""Files that the product itself never writes: HEIC and PDF."""

import io
from collections.abc import Sequence
from contextlib import closing

import pypdfium2
from fpdf import FPDF
from PIL import Image
from pillow_heif import from_pillow

from shared.local.receipt_image import DrawnReceipt, draw_receipt

# Millimetres: till roll, and what it holds.
_PAPER = (80, 160)
_MARGIN = 4
_LINE = 6


def heic(image: Image.Image) -> bytes:
    """As a phone sends it."""
    buffer = io.BytesIO()
    from_pillow(image).save(buffer, quality=90)
    return buffer.getvalue()


def scanned_pdf(receipt: DrawnReceipt, *, text: bool = False) -> bytes:
    """A page with a picture; with `text`, with what somebody else recognised on top."""
    document = _document()
    document.add_page()
    document.image(draw_receipt(receipt), x=0, y=0, w=_PAPER[0])
    if text:
        _print(document, receipt.rows())
    return bytes(document.output())


def pdf(*receipts: DrawnReceipt, password: str | None = None) -> bytes:
    """A page of real text for each receipt; with `password`, one that asks for it."""
    return printed_pdf(*(receipt.rows() for receipt in receipts), password=password)


def printed_pdf(*pages: Sequence[tuple[str, str]], password: str | None = None) -> bytes:
    """Pages of real text: left and right side of every row."""
    document = _document()
    for rows in pages:
        document.add_page()
        _print(document, rows)
    if password:
        document.set_encryption(owner_password=f"{password}!", user_password=password)
    return bytes(document.output())


def sideways_pdf(receipt: DrawnReceipt) -> bytes:
    """Printed from bottom to top, on a page that says it is to be turned."""
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
