"""The port that every OCR engine fits."""

from collections.abc import Sequence
from typing import Protocol

from shared.contracts.components import OcrEngineName
from worker.pipeline.ocr.decode import Pixels
from worker.pipeline.ocr.text import TextLine


class OcrEngine(Protocol):
    """Reads the text of an image. Loaded once per process; not safe for concurrent calls."""

    @property
    def name(self) -> str:
        """As in OCR_ENGINE."""
        ...

    @property
    def version(self) -> str:
        """Of the program and its models: part of each result's `model_version`."""
        ...

    def read(self, pixels: Pixels) -> Sequence[TextLine]:
        """The lines of text in an RGB image, in no particular order; empty when there are none."""
        ...


def load_engine(name: OcrEngineName) -> OcrEngine:
    """The engine of OCR_ENGINE; `auto` is the best one that is there. Slow: it loads the models.

    Raises EngineUnavailable when it was asked for by name and is not there.
    """
    if name == OcrEngineName.TESSERACT:
        from worker.pipeline.ocr.engines.tesseract import TesseractEngine  # noqa: PLC0415 (only if asked)

        return TesseractEngine()
    from worker.pipeline.ocr.engines.rapid import RapidEngine  # noqa: PLC0415 (seconds; only in the child)

    return RapidEngine()
