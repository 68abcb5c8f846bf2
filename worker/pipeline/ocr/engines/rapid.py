"""RapidOCR: PP-OCRv6 detection and recognition on onnxruntime, with the models in its wheel."""

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from rapidocr import RapidOCR
from rapidocr.utils.output import RapidOCROutput

from shared.contracts.service.components import OcrEngineName, OcrPrecision
from worker.pipeline.ocr.decode import Pixels
from worker.pipeline.ocr.engines.line_reader import LineReader
from worker.pipeline.ocr.engines.strips import strips
from worker.pipeline.ocr.models.kept_model import load_kept_model
from worker.pipeline.ocr.models.sessions import session_of
from worker.pipeline.ocr.models.wheel_model import recognition_model
from worker.pipeline.ocr.text import TextLine, Word

# The most pixels that are read at once. Detection needs 400 MB for them.
_MOST = 750_000
# More than any side of a strip: pages already have the size at which they are read best.
_ANY_SIDE = 100_000
_OPTIONS = {
    "Global.log_level": "error",
    "Global.return_word_box": True,
    "Global.max_side_len": _ANY_SIDE,
    # With the defaults a row of print becomes a page of twenty megapixels, most of it padding.
    "Global.min_side_len": 1,
    "Global.width_height_ratio": -1,
    # Pages are upright already.
    "Global.use_cls": False,
    # The default enlarges small images, so that two words take as long as a receipt.
    "Det.limit_type": "max",
    "Det.limit_side_len": _ANY_SIDE,
    # There is one child per core: two images side by side beat one image on two threads.
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}

# Left, top, right, bottom.
Box = tuple[float, float, float, float]


class RapidEngine:
    """The `OcrEngine` that runs RapidOCR."""

    name = OcrEngineName.RAPIDOCR
    reads_lines = True

    def __init__(self, precision: OcrPrecision = OcrPrecision.INT8) -> None:
        kept = load_kept_model().content if precision == OcrPrecision.INT8 else None
        name = f"{version('rapidocr')} PP-OCRv6-small"
        self.version = name if kept is None else f"{name} int8"
        self._engine = RapidOCR(params=_OPTIONS)
        # The library declares its recogniser as None, since it loads its own with the first text.
        self._reader = LineReader(session_of(kept or str(recognition_model())))
        reader: Any = self._reader
        self._engine.text_rec = reader
        # Some models load only when the first text is found, which no receipt should wait for.
        self.read(_some_text())

    def read(self, pixels: Pixels) -> Sequence[TextLine]:
        """Read a page strip by strip; see `OcrEngine.read`."""
        return [
            line.lowered(top) for top, strip in strips(pixels, _MOST) for line in self._lines(strip)
        ]

    def read_line(self, piece: Pixels, letters: str = "") -> tuple[str, float]:
        """Read one line without looking for it; see `OcrEngine.read_line`."""
        # The models read blue before red, as OpenCV has it.
        return self._reader.read_line(np.ascontiguousarray(piece[:, :, ::-1]), letters)

    def _lines(self, pixels: Pixels) -> Iterator[TextLine]:
        found = self._engine(np.ascontiguousarray(pixels[:, :, ::-1]))
        # If there is no text, the library returns the result of an earlier step.
        if not isinstance(found, RapidOCROutput) or not found.txts or found.scores is None:
            return
        # The library declares one tuple, but returns one for each line.
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
    """Join the pieces of a line into its words; a line with Chinese in it is cut letter by letter.

    The pieces are returned as they are if they do not add up to the words of `text`.
    """
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
