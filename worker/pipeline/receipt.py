"""One receipt, from bytes to what was read. This is what the recognition child runs."""

from dataclasses import dataclass
from datetime import UTC, datetime

from shared.contracts.receipts import Extraction
from shared.rejections import NoTextFound
from worker.pipeline.ocr.decode import decode_image
from worker.pipeline.ocr.engine import OcrEngine
from worker.pipeline.reading.receipt import read_receipt
from worker.pipeline.stages import Stage, StageLog


@dataclass(frozen=True)
class ReceiptReading:
    """What was read, by which engine, and how long each step took."""

    extraction: Extraction
    engine: str
    engine_version: str
    stages: list[Stage]


def extract_receipt(content: bytes, engine: OcrEngine, max_pixels: int) -> ReceiptReading:
    """Decode, recognise, parse. Raises ImageUnreadable and the like, NoTextFound."""
    log = StageLog()
    with log.measure("ocr.preprocess") as attributes:
        pixels = decode_image(content, max_pixels)
        attributes["height"], attributes["width"] = pixels.shape[:2]
    with log.measure("ocr.recognise") as attributes:
        lines = engine.read(pixels)
        attributes["engine"], attributes["lines"] = engine.name, len(lines)
    if not lines:
        raise NoTextFound
    with log.measure("receipt.parse") as attributes:
        extraction = read_receipt(lines, today=datetime.now(UTC).date())
        attributes["items"] = len(extraction.line_items)
    return ReceiptReading(extraction, engine.name, engine.version, log.stages)
