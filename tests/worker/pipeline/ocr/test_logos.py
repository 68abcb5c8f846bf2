"""The merchant of a PDF whose logo is a picture or an outline above the text."""

from contextlib import closing

import pypdfium2
import pytest
from PIL import Image, ImageDraw, ImageFont

from shared.contracts.receipts.extraction import Extraction
from tests.support.files.costly import raw_pdf
from tests.support.heic_and_pdf import drawn_pdf, logo_pdf
from worker.pipeline.ocr.engines.engine import OcrEngine
from worker.pipeline.ocr.logos import find_logo
from worker.pipeline.receipt import extract_receipt
from worker.pipeline.stages import StageRecorder

ROWS = [
    ("12 High Street", ""),
    ("Leeds LS1 4QT", ""),
    ("14.03.2026 17:42", ""),
    ("Rye Bread", "3.40"),
    ("Croissant", "1.60"),
    ("Total", "5.00"),
]


def logo(name: str) -> Image.Image:
    """Draw a name in white on a dark sign."""
    image = Image.new("RGB", (600, 160), "navy")
    draw = ImageDraw.Draw(image)
    draw.text((300, 80), name, "white", ImageFont.load_default(90), anchor="mm")
    return image


def read(content: bytes, engine: OcrEngine) -> Extraction:
    """Read a file as a recognition child does."""
    return extract_receipt(content, engine, 40_000_000, StageRecorder()).extraction


def test_a_logo_that_is_a_picture_names_the_merchant(engine: OcrEngine) -> None:
    """The engine reads it, and its box lies where the picture is; the text layer has the rest."""
    reading = read(logo_pdf(ROWS, logo("ZEPHYRA")), engine)

    assert reading.merchant.name == "ZEPHYRA"
    assert reading.raw_ocr_text.splitlines()[:2] == ["ZEPHYRA", "12 High Street"]
    assert [str(item.total_price) for item in reading.line_items] == ["3.40", "1.60"]


def test_a_logo_that_is_an_outline_names_the_merchant(engine: OcrEngine) -> None:
    """Programs for drawing leave letters as filled shapes."""
    assert read(drawn_pdf(ROWS, "HILL"), engine).merchant.name == "HILL"


def test_a_logo_is_not_read_where_the_text_names_the_merchant(engine: OcrEngine) -> None:
    """Reading it takes time, and there is nothing to gain."""
    rows = [("Zephyra Bakery Ltd", ""), *ROWS]
    reading = read(logo_pdf(rows, logo("ADVERT")), engine)

    assert reading.merchant.name == "Zephyra Bakery Ltd"
    assert "ADVERT" not in reading.raw_ocr_text


@pytest.mark.parametrize(
    "box",
    [
        pytest.param((20.0, 10.0, 25.5, 840.0), id="upright"),
        pytest.param((0.0, 10.0, 4000.0, 16.0), id="level"),
    ],
)
def test_a_bar_is_no_logo(box: tuple[float, float, float, float]) -> None:
    """Drawn to the size of a logo it would be thinner than a pixel."""
    page = raw_pdf(b"", box=(0, 0, 4000, 842))
    with closing(pypdfium2.PdfDocument(page)) as document, closing(document[0]) as sheet:
        assert find_logo(sheet, [box], scale=1.0) is None
