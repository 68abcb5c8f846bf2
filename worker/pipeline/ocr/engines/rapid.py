"""RapidOCR: PP-OCRv6 detection and recognition on onnxruntime, models inside its wheel."""

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from rapidocr import RapidOCR
from rapidocr.utils.output import RapidOCROutput

from shared.contracts.components import OcrEngineName
from worker.pipeline.ocr.decode import Pixels
from worker.pipeline.ocr.engines.strips import strips
from worker.pipeline.ocr.text import TextLine, Word

# Most that is looked at in one go; pixels. Detection takes 400 MB for it.
_MOST = 750_000
# More than a strip's longest side: pages come in the size in which they are read best.
_ANY_SIDE = 100_000
_OPTIONS = {
    "Global.log_level": "error",
    "Global.return_word_box": True,
    "Global.max_side_len": _ANY_SIDE,
    # At their defaults a row of print becomes a page of twenty megapixels, most of it padding.
    "Global.min_side_len": 1,
    "Global.width_height_ratio": -1,
    # Pages come upright.
    "Global.use_cls": False,
    # At its default it enlarges small images, and takes as much for two words as for a receipt.
    "Det.limit_type": "max",
    "Det.limit_side_len": _ANY_SIDE,
    # All lines of a batch are padded to the longest: one by one is less work and less memory.
    "Rec.rec_batch_num": 1,
    # One thread a child, one child a core: two images side by side beat one image on two threads.
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}

# Left, top, right, bottom.
Box = tuple[float, float, float, float]


class RapidEngine:
    """The port's adapter for RapidOCR."""

    name = OcrEngineName.RAPIDOCR

    def __init__(self) -> None:
        self.version = f"{version('rapidocr')} PP-OCRv6-small"
        self._engine = RapidOCR(params=_OPTIONS)
        # Models load with the first text that is found; nobody shall wait for that.
        self.read(_some_text())

    def read(self, pixels: Pixels) -> Sequence[TextLine]:
        """See OcrEngine."""
        return [
            line.lowered(top) for top, strip in strips(pixels, _MOST) for line in self._lines(strip)
        ]

    def _lines(self, pixels: Pixels) -> Iterator[TextLine]:
        found = self._engine(np.ascontiguousarray(pixels[:, :, ::-1]))
        # Without any text it answers with the result of an earlier step.
        if not isinstance(found, RapidOCROutput) or not found.txts or found.scores is None:
            return
        # Typed as one tuple by the library; it is one a line.
        by_line: Any = found.word_results
        for text, pieces, confidence in zip(found.txts, by_line, found.scores, strict=True):
            boxes = [(piece, _box(corners)) for piece, _, corners in pieces]
            words = tuple(
                Word(word, *box, float(confidence)) for word, box in whole_words(text, boxes)
            )
            if words:
                yield TextLine(words)


def _some_text() -> Pixels:
    image = Image.new("RGB", (320, 64), "white")
    ImageDraw.Draw(image).text((10, 10), "TOTAL 1.00", "black", ImageFont.load_default(32))
    return np.asarray(image)


def whole_words(text: str, pieces: Sequence[tuple[str, Box]]) -> Sequence[tuple[str, Box]]:
    """The pieces that a line was cut into, put together to its words: beside Chinese, the engine
    cuts all of it letter by letter."""
    if "".join(piece for piece, _ in pieces) != "".join(text.split()):
        return pieces
    words, rest = [], iter(pieces)
    for word in text.split():
        boxes: list[Box] = []
        read = 0
        while read < len(word):
            piece, box = next(rest)
            boxes.append(box)
            read += len(piece)
        if read > len(word):
            return pieces
        words.append((word, _around(boxes)))
    return words


def _around(boxes: Sequence[Box]) -> Box:
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)


def _box(corners: Any) -> Box:
    points = np.asarray(corners, dtype=float)
    left, top = points.min(axis=0)
    right, bottom = points.max(axis=0)
    return float(left), float(top), float(right), float(bottom)
