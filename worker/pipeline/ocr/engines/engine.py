"""The interface that every OCR engine implements, and its loading."""

from collections.abc import Sequence
from typing import Protocol

from shared.contracts.service.components import OcrEngineName, OcrPrecision
from worker.pipeline.ocr.decode import Pixels
from worker.pipeline.ocr.text import TextLine


class OcrEngine(Protocol):
    """Reads the text of an image. It is loaded once per process, and calls are not thread-safe."""

    @property
    def name(self) -> str:
        """Name of the engine, a value of OCR_ENGINE."""
        ...

    @property
    def version(self) -> str:
        """Version of the program and its models; part of each result's `model_version`."""
        ...

    def read(self, pixels: Pixels) -> Sequence[TextLine]:
        """Return the lines of text in an RGB image in any order, or nothing if there are none."""
        ...

    @property
    def reads_lines(self) -> bool:
        """Whether `read_line` costs no more than the line's share of a page."""
        ...

    def read_line(self, piece: Pixels, letters: str = "") -> tuple[str, float]:
        """Return the text of an RGB image of one line, and the confidence in it from 0 to 1.

        If `letters` are given, there is no other in the text.
        """
        ...


def load_engine(name: OcrEngineName, precision: OcrPrecision = OcrPrecision.INT8) -> OcrEngine:
    """Load the engine of OCR_ENGINE, which takes seconds; `auto` is RapidOCR, the only one that
    has a precision. Without an int8 model, it reads with fp32, as its version then says.

    Raises EngineUnavailable if Tesseract was asked for and is not installed.
    """
    if name == OcrEngineName.TESSERACT:
        from worker.pipeline.ocr.engines.tesseract import TesseractEngine  # noqa: PLC0415 (only if asked)

        return TesseractEngine()
    from worker.pipeline.ocr.engines.rapid import RapidEngine  # noqa: PLC0415 (takes seconds; only in the child)

    return RapidEngine(precision)
