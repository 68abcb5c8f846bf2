"""Reads one receipt from its bytes. The recognition child runs this."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import fmean

import numpy as np

from shared.contracts.receipts.extraction import Extraction
from shared.contracts.receipts.printed import ImagePage
from shared.contracts.receipts.requests import NO_HINTS, ReadingHints
from shared.rejections import NoTextFound
from worker.pipeline.knowledge.reading import load_reading
from worker.pipeline.ocr.engines.engine import OcrEngine
from worker.pipeline.ocr.pages import Page, Recognition, load_pages, recognise
from worker.pipeline.ocr.pdf import TextPage
from worker.pipeline.ocr.text import TextLine, Word
from worker.pipeline.reading.fields.merchants import find_merchant
from worker.pipeline.reading.places import PagePlace, Places
from worker.pipeline.reading.rows.building import build_rows
from worker.pipeline.reading.rows.layout import read_rows
from worker.pipeline.reading.several import read_receipts
from worker.pipeline.second_look.looking import look_again, may_gain
from worker.pipeline.stages import StageRecorder

# Loads a file of at most so many pixels as pages.
Load = Callable[[bytes, int], Sequence[Page]]
# A merchant of this confidence needs no logo.
_CERTAIN = 0.9


# A made-up receipt with a row of each kind.
_SAMPLE = (
    "Shop Ltd", "1 High Street", "Tel. 020 1234 567", "Milk 500 g 2 x 1.00 2.00",
    "VAT 7% 0.13", "Total EUR 2.00", "Visa 2.00", "2020-01-02 10:00",
)  # fmt: skip


@dataclass(frozen=True)
class ReceiptReading:
    """The fields of each receipt on an image, the sides of its pages, and the engine.

    There is at least one receipt, the first from the top left.
    """

    receipts: Sequence[Extraction]
    pages: Sequence[ImagePage]
    engine: str
    engine_version: str

    @property
    def extraction(self) -> Extraction:
        """The first receipt."""
        return self.receipts[0]


def prepare_reading() -> None:
    """Load the knowledge, and read a sample, which compiles most of its patterns.

    The first receipt then takes no longer than the next. Raises KnowledgeError.
    """
    load_reading()
    words = (
        Word(text, 0.0, 20.0 * row, 200.0, 20.0 * row + 15, 1.0) for row, text in enumerate(_SAMPLE)
    )
    read_receipts([TextLine((word,)) for word in words], today=datetime.now(UTC).date())


def extract_receipt(
    content: bytes,
    engine: OcrEngine,
    max_pixels: int,
    recorder: StageRecorder,
    hints: ReadingHints = NO_HINTS,
    load: Load = load_pages,
) -> ReceiptReading:
    """Decode, recognise and parse a receipt, and record each stage in `recorder`.

    Raises NoTextFound, and whatever `load` raises.
    """
    found = see(content, engine, max_pixels, recorder, load)
    _, reading = understand(found, engine, recorder, hints)
    return reading


def see(
    content: bytes, engine: OcrEngine, max_pixels: int, recorder: StageRecorder, load: Load
) -> Recognition:
    """Turn bytes into pages of text, which may be empty. Raises whatever `load` raises."""
    with recorder.measure("ocr.preprocess") as attributes:
        pages = load(content, max_pixels)
        attributes["pages"] = len(pages)
    with recorder.measure("ocr.recognise") as attributes:
        recorder.count_pages("ocr.recognise", 0, len(pages))
        found = recognise(
            pages, engine, lambda read: recorder.count_pages("ocr.recognise", read, len(pages))
        )
        if found.has_logo and not _names_merchant(found):
            found = found.with_logo(engine)
        attributes["engine"], attributes["lines"] = found.engine, len(found.lines)
        if found.lines:
            attributes["confidence"] = round(fmean(line.confidence for line in found.lines), 3)
    return found


def _names_merchant(found: Recognition) -> bool:
    """Return whether the text shows whose receipt it is, without the logo."""
    merchant = find_merchant(read_rows(build_rows(found.lines)))
    return merchant is not None and merchant.confidence >= _CERTAIN


def understand(
    found: Recognition,
    engine: OcrEngine,
    recorder: StageRecorder,
    hints: ReadingHints = NO_HINTS,
) -> tuple[Recognition, ReceiptReading]:
    """Turn the text of the pages into a receipt; look again at parts of the pages if in doubt.

    Returns the text as it is after that look. Raises NoTextFound if there is none.
    """
    if not found.lines:
        raise NoTextFound
    with recorder.measure("receipt.parse") as attributes:
        reading = _read(found, hints)
        attributes["items"] = sum(len(receipt.line_items) for receipt in reading.receipts)
    if len(reading.receipts) > 1 or not may_gain(found, reading.extraction, engine):
        return found, reading
    with recorder.measure("ocr.second_look") as attributes:
        look = look_again(
            found, reading.extraction, engine, lambda text: _read(text, hints).extraction
        )
        attributes["pieces"], attributes["changes"] = look.pieces, len(look.changes)
    return (look.found, _read(look.found, hints)) if look.changes else (found, reading)


def _read(found: Recognition, hints: ReadingHints) -> ReceiptReading:
    receipts = read_receipts(
        found.lines, today=datetime.now(UTC).date(), hints=hints, places=_places(found)
    )
    return ReceiptReading(receipts, _pages(found), found.engine, found.engine_version)


def _places(found: Recognition) -> Places:
    return Places(
        [
            PagePlace(page.height, np.eye(3) if isinstance(page, TextPage) else page.to_original)
            for page in found.pages
        ]
    )


def _pages(found: Recognition) -> Sequence[ImagePage]:
    return [
        ImagePage(number=number, width=width, height=height)
        for number, (width, height) in enumerate(found.sizes, start=1)
    ]
