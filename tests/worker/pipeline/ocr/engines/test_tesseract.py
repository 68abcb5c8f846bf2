"""Tesseract behind the same port. `.ci/run` installs it."""

import pytest

from shared.contracts.components import OcrEngineName
from shared.errors import EngineUnavailable
from shared.local.receipt_image import DrawnReceipt
from worker.pipeline.ocr.decode import decode_image
from worker.pipeline.ocr.engines.engine import OcrEngine, load_engine
from worker.pipeline.receipt import extract_receipt
from worker.pipeline.stages import StageRecorder

needs_tesseract = pytest.mark.needs_program("tesseract")


@pytest.fixture(scope="module")
def tesseract() -> OcrEngine:
    """Loaded once."""
    return load_engine(OcrEngineName.TESSERACT)


@needs_tesseract
def test_it_reads_a_receipt(tesseract: OcrEngine, drawn: DrawnReceipt, receipt_png: bytes) -> None:
    """And the result says that it did, with which languages."""
    reading = extract_receipt(receipt_png, tesseract, 40_000_000, StageRecorder())

    assert reading.extraction.total.amount == drawn.total
    assert [item.parsed_name for item in reading.extraction.line_items] == [
        item.name for item in drawn.items
    ]
    assert reading.engine == "tesseract"
    assert "eng" in reading.engine_version


@needs_tesseract
def test_its_words_have_the_form_of_every_engine(
    tesseract: OcrEngine, engine: OcrEngine, receipt_png: bytes
) -> None:
    """Boxes in pixels, confidences from 0 to 1, about where the other one sees them."""
    pixels = decode_image(receipt_png, "image/png", 40_000_000)
    words = {
        reader.name: {word.text: word for line in reader.read(pixels) for word in line.words}
        for reader in (tesseract, engine)
    }

    ours, other = words["tesseract"]["Bananas"], words["rapidocr"]["Bananas"]
    assert 0.8 < ours.confidence <= 1
    for side in ("left", "top", "right", "bottom"):
        assert getattr(ours, side) == pytest.approx(getattr(other, side), abs=15)


@needs_tesseract
def test_nothing_printed_is_nothing_read(tesseract: OcrEngine, blank_png: bytes) -> None:
    """Not an error of the engine."""
    assert tesseract.read(decode_image(blank_png, "image/png", 40_000_000)) == []


def test_asked_for_and_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Said clearly, with the cure; never another engine in its stead."""
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(EngineUnavailable, match="apt-get install tesseract-ocr"):
        load_engine(OcrEngineName.TESSERACT)
