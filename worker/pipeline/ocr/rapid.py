"""RapidOCR: PP-OCRv6 detection and recognition on onnxruntime, models inside its wheel."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from rapidocr import RapidOCR
from rapidocr.utils.output import RapidOCROutput

from worker.pipeline.ocr.decode import LONGEST_SIDE, Pixels
from worker.pipeline.ocr.text import TextLine, Word

# One thread a child, one child a core: two images side by side beat one image on two threads.
_OPTIONS = {
    "Global.log_level": "error",
    "Global.return_word_box": True,
    "Global.max_side_len": LONGEST_SIDE,
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}


class RapidEngine:
    """The port's adapter for RapidOCR."""

    name = "rapidocr"

    def __init__(self) -> None:
        self.version = f"{version('rapidocr')} PP-OCRv6-small"
        self._engine = RapidOCR(params=_OPTIONS)
        # Models load with the first text that is found; nobody shall wait for that.
        self.read(_some_text())

    def read(self, pixels: Pixels) -> Sequence[TextLine]:
        """See OcrEngine."""
        found = self._engine(np.ascontiguousarray(pixels[:, :, ::-1]))
        # Without any text it answers with the result of an earlier step.
        if not isinstance(found, RapidOCROutput) or not found.txts or found.scores is None:
            return []
        lines = []
        # Typed as one tuple by the library; it is one a line.
        by_line: Any = found.word_results
        for words, confidence in zip(by_line, found.scores, strict=True):
            boxed = tuple(_word(text, box, float(confidence)) for text, _, box in words)
            if boxed:
                lines.append(TextLine(boxed))
        return lines


def _some_text() -> Pixels:
    image = Image.new("RGB", (320, 64), "white")
    ImageDraw.Draw(image).text((10, 10), "TOTAL 1.00", "black", ImageFont.load_default(32))
    return np.asarray(image)


def _word(text: str, corners: Any, confidence: float) -> Word:
    points = np.asarray(corners, dtype=float)
    left, top = points.min(axis=0)
    right, bottom = points.max(axis=0)
    return Word(text, float(left), float(top), float(right), float(bottom), confidence)
