"""Boxes lie on the image that was sent, however it was turned and cropped to be read."""

import io
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from PIL import ExifTags, Image

from shared.contracts.receipts.printed import Box
from shared.local.receipt_image import DrawnReceipt, draw_receipt, encode
from tests.support.files.costly import raw_pdf
from worker.pipeline.ocr.decode import Pixels
from worker.pipeline.ocr.engines.engine import OcrEngine
from worker.pipeline.ocr.pdf import TextPage, read_pdf
from worker.pipeline.receipt import extract_receipt
from worker.pipeline.stages import StageRecorder

Shown = tuple[bytes, Pixels]


def tilted(image: Image.Image) -> Shown:
    """Lay the receipt on a dark table, from above and a little turned."""
    photo = image.rotate(9, expand=True, fillcolor=(60, 50, 40), resample=Image.Resampling.BICUBIC)
    return encode(photo, "PNG"), np.asarray(photo)


def lying(image: Image.Image) -> Shown:
    """Store the pixels on their side, with an orientation that says so."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    file = io.BytesIO()
    image.rotate(90, expand=True).save(file, "JPEG", exif=exif)
    return file.getvalue(), np.asarray(image)


def upside_down(image: Image.Image) -> Shown:
    """Turn the receipt by half, which only reading it can show."""
    turned = image.rotate(180)
    return encode(turned, "PNG"), np.asarray(turned)


def large(image: Image.Image) -> Shown:
    """Make the image larger than what is decoded."""
    larger = image.resize((image.width * 5, image.height * 5))
    return encode(larger, "PNG"), np.asarray(larger)


@pytest.mark.parametrize("show", [tilted, lying, upside_down, large])
def test_what_is_in_the_box_of_an_item_is_the_item(
    engine: OcrEngine, show: Callable[[Image.Image], Shown]
) -> None:
    """Reading the piece of the original in the box gives the item's price again."""
    content, shown = show(draw_receipt(DrawnReceipt()))

    reading = extract_receipt(content, engine, 40_000_000, StageRecorder())

    (page,) = reading.pages
    assert (page.width, page.height) == (shown.shape[1], shown.shape[0])
    item = reading.extraction.line_items[0]
    (box,) = item.boxes
    text = " ".join(line.text for line in engine.read(cut_out(shown, box)))
    assert str(item.total_price) in text


def cut_out(image: Pixels, box: Box) -> Pixels:
    """Cut the polygon of a box out of an image as a row of letters, with some paper around it."""
    target = np.array([[20, 20], [620, 20], [620, 60], [20, 60]], np.float32)
    turn = cv2.getPerspectiveTransform(np.array(box.polygon, np.float32), target)
    return np.asarray(cv2.warpPerspective(image, turn, (640, 80)), np.uint8)


def test_text_beyond_the_edges_of_a_pdf_is_not_read() -> None:
    """Nobody sees it, and it would have places on the page above or below."""
    shown = [(20, 500, "Larkspur Grocers"), (20, 400, "Apples 2.00"), (20, 300, "TOTAL 2.00")]
    hidden = [(20, 900, "Above"), (20, -300, "Below"), (900, 400, "Beside")]
    drawn = "".join(f"BT /F 12 Tf {x} {y} Td ({text}) Tj ET " for x, y, text in shown + hidden)
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
    content = raw_pdf(drawn.encode(), objects=[font], resources=b"/Font<</F 5 0 R>>")

    (page,) = read_pdf(content)

    assert isinstance(page, TextPage)
    words = [word.text for line in page.lines for word in line.words]
    assert words == ["Larkspur", "Grocers", "Apples", "2.00", "TOTAL", "2.00"]
