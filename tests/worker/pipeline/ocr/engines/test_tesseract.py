"""Tesseract as an OCR engine. `.ci/run` installs it."""

import pytest

from shared.contracts.service.components import OcrEngineName
from shared.errors import EngineUnavailable
from shared.local.receipt_image import DrawnReceipt
from worker.pipeline.ocr.decode import decode_image
from worker.pipeline.ocr.engines.engine import OcrEngine, load_engine
from worker.pipeline.receipt import extract_receipt
from worker.pipeline.stages import StageRecorder

needs_tesseract = pytest.mark.needs_program("tesseract")


@pytest.fixture(scope="module")
def tesseract() -> OcrEngine:
    """Return the engine, loaded once."""
    return load_engine(OcrEngineName.TESSERACT)


@needs_tesseract
def test_it_reads_a_receipt(tesseract: OcrEngine, drawn: DrawnReceipt, receipt_png: bytes) -> None:
    """The result names the engine and its languages."""
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
    """Boxes are in pixels, about where RapidOCR has them, and confidences are from 0 to 1."""
    pixels = decode_image(receipt_png, "image/png", 40_000_000).pixels
    words = {
        reader.name: {word.text: word for line in reader.read(pixels) for word in line.words}
        for reader in (tesseract, engine)
    }

    ours, other = words["tesseract"]["Bananas"], words["rapidocr"]["Bananas"]
    assert 0.8 < ours.confidence <= 1
    for side in ("left", "top", "right", "bottom"):
        assert getattr(ours, side) == pytest.approx(getattr(other, side), abs=15)


@needs_tesseract
def test_one_line_is_read_alone(tesseract: OcrEngine, receipt_png: bytes) -> None:
    """Letters may be restricted, as with every engine."""
    pixels = decode_image(receipt_png, "image/png", 40_000_000).pixels
    line = next(line for line in tesseract.read(pixels) if "Bananas" in line.text)
    piece = pixels[round(line.words[0].top) - 8 : round(line.words[0].bottom) + 8]

    assert tesseract.read_line(piece)[0].split() == ["Bananas", "1.15"]
    assert set(tesseract.read_line(piece, "0123456789.")[0]) <= set("0123456789. ")


@needs_tesseract
def test_a_blank_image_has_no_lines(tesseract: OcrEngine, blank_png: bytes) -> None:
    """A page without lines is not an error."""
    assert tesseract.read(decode_image(blank_png, "image/png", 40_000_000).pixels) == []


def test_a_missing_tesseract_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says how to install it, and no other engine takes its place."""
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(EngineUnavailable, match="apt-get install tesseract-ocr"):
        load_engine(OcrEngineName.TESSERACT)
