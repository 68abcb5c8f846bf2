"""One receipt in every accepted format gives the same result."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from shared.local.receipt_image import DrawnReceipt, draw_receipt, encode
from shared.rejections import ImageUnreadable, PdfProtected
from tests.support.heic_and_pdf import heic, pdf, printed_pdf, scanned_pdf, sideways_pdf
from worker.pipeline.ocr.engines.engine import OcrEngine
from worker.pipeline.ocr.pages import load_pages
from worker.pipeline.ocr.pdf import TextPage
from worker.pipeline.receipt import ReceiptReading, extract_receipt
from worker.pipeline.stages import StageRecorder

LIMIT = 40_000_000


def photo(receipt: DrawnReceipt, image_format: str) -> bytes:
    """Draw a receipt and encode it with Pillow."""
    return encode(draw_receipt(receipt), image_format)


FORMATS: dict[str, Callable[[DrawnReceipt], bytes]] = {
    "JPEG": lambda receipt: photo(receipt, "JPEG"),
    "PNG": lambda receipt: photo(receipt, "PNG"),
    "WebP": lambda receipt: photo(receipt, "WEBP"),
    "HEIC": lambda receipt: heic(draw_receipt(receipt)),
    "scanned PDF": scanned_pdf,
    "born-digital PDF": pdf,
    "sideways PDF": sideways_pdf,
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_receipt(
    engine: OcrEngine, drawn: DrawnReceipt, name: str
) -> None:
    """Items, total, merchant and date are those that were drawn."""
    reading = extract_receipt(FORMATS[name](drawn), engine, LIMIT, StageRecorder())

    assert _items(reading) == [(item.name, item.price) for item in drawn.items]
    assert reading.extraction.total.amount == drawn.total
    assert reading.extraction.merchant.name == drawn.merchant
    assert reading.extraction.date.value == "2026-03-14"


@pytest.mark.parametrize(
    ("name", "reader"),
    [("born-digital PDF", "pdfium"), ("scanned PDF", "rapidocr"), ("PNG", "rapidocr")],
)
def test_the_result_names_what_read_it(
    engine: OcrEngine, drawn: DrawnReceipt, name: str, reader: str
) -> None:
    """A text layer is read by PDFium and needs no OCR."""
    reading = extract_receipt(FORMATS[name](drawn), engine, LIMIT, StageRecorder())

    assert reading.engine == reader
    assert reading.engine_version


def test_pages_are_one_receipt(engine: OcrEngine, drawn: DrawnReceipt) -> None:
    """The first page has only items, the second one has the total."""
    rows = drawn.rows()
    cut = next(index for index, (left, _) in enumerate(rows) if left == drawn.items[4].name)

    reading = extract_receipt(printed_pdf(rows[:cut], rows[cut:]), engine, LIMIT, StageRecorder())

    assert _items(reading) == [(item.name, item.price) for item in drawn.items]
    assert reading.extraction.total.amount == drawn.total


def test_only_five_pages_are_read() -> None:
    """No receipt has more, and a book would keep a worker busy for minutes."""
    assert len(load_pages(pdf(*[DrawnReceipt()] * 7), LIMIT)) == 5


def test_text_over_a_scan_is_not_used(drawn: DrawnReceipt) -> None:
    """The text over a scan is another program's OCR, of unknown quality."""
    assert isinstance(load_pages(pdf(drawn), LIMIT)[0], TextPage)
    assert not isinstance(load_pages(scanned_pdf(drawn, text=True), LIMIT)[0], TextPage)


def test_a_scanners_stamp_is_not_used_as_text_layer() -> None:
    """A page with only a few characters goes to the engine."""
    (page,) = load_pages(printed_pdf([("Scanned by an app", "")]), LIMIT)

    assert not isinstance(page, TextPage)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"%PDF-1.7\n", ImageUnreadable),
        (pdf(DrawnReceipt())[:900], ImageUnreadable),
        (pdf(DrawnReceipt(), password="secret"), PdfProtected),
    ],
    ids=["no pages", "truncated", "protected"],
)
def test_bad_pdfs_are_rejected(content: bytes, error: type[Exception]) -> None:
    """A protected PDF has an error of its own."""
    with pytest.raises(error):
        load_pages(content, LIMIT)


def _items(reading: ReceiptReading) -> list[tuple[str, Decimal | None]]:
    return [(item.parsed_name, item.total_price) for item in reading.extraction.line_items]
