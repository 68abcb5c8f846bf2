"""Tesseract through pytesseract; the program and its languages are those of the system."""

import os
import shutil
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytesseract
from PIL import Image

from shared.contracts.service.components import OcrEngineName
from shared.errors import EngineUnavailable
from worker.pipeline.knowledge.languages import languages
from worker.pipeline.ocr.decode import Pixels
from worker.pipeline.ocr.text import TextLine, Word

# Treat the page as one block of text: modes 3, 4 and 11 find less of a receipt than 6 does.
_OPTIONS = "--psm 6"

# Numbers of a block, a paragraph and a line.
Place = tuple[int, int, int]


class TesseractEngine:
    """The `OcrEngine` that runs Tesseract. Raises EngineUnavailable if it is not installed."""

    name = OcrEngineName.TESSERACT
    # The program would be started for each line.
    reads_lines = False

    def __init__(self) -> None:
        if not is_installed():
            raise EngineUnavailable(
                "OCR_ENGINE=tesseract, but there is no tesseract here; install it "
                "(Debian: apt-get install tesseract-ocr) or set OCR_ENGINE=auto."
            )
        # There is one child per core.
        os.environ["OMP_THREAD_LIMIT"] = "1"
        pytesseract.pytesseract.tesseract_cmd = str(Path(__file__).with_suffix(".sh"))
        installed = set(pytesseract.get_languages())
        self._languages = "+".join(pack for pack in _packs() if pack in installed)
        self.version = f"{pytesseract.get_tesseract_version()} {self._languages}"

    def read(self, pixels: Pixels) -> Sequence[TextLine]:
        """Read a page as one block of text; see `OcrEngine.read`."""
        return [
            TextLine(tuple(word for _, word in line))
            for _, line in groupby(self._words(pixels, _OPTIONS), key=itemgetter(0))
        ]

    def _words(self, pixels: Pixels, options: str) -> list[tuple[Place, Word]]:
        """Return the words of an image, each with its block, paragraph and line."""
        table: dict[str, list[Any]] = pytesseract.image_to_data(
            Image.fromarray(pixels),
            lang=self._languages,
            config=options,
            output_type=pytesseract.Output.DICT,
        )
        return [
            ((block, paragraph, line), _word(text, left, top, width, height, confidence))
            for block, paragraph, line, text, left, top, width, height, confidence in zip(
                *(table[column] for column in _COLUMNS), strict=True
            )
            if confidence >= 0 and text.strip()
        ]

    def read_line(self, piece: Pixels, letters: str = "") -> tuple[str, float]:
        """Read one line; see `OcrEngine.read_line`. The confidence is 0 if there is no text."""
        allowed = f" -c tessedit_char_whitelist={letters}" if letters else ""
        words = self._words(piece, f"--psm 7{allowed}")
        if not words:
            return "", 0.0
        line = TextLine(tuple(word for _, word in words))
        return line.text, line.confidence


def is_installed() -> bool:
    """Return whether the program is on the path."""
    return shutil.which("tesseract") is not None


def _packs() -> Iterable[str]:
    """Return the language packs for the known languages, whether installed or not."""
    return (known.tesseract for known in languages().values() if known.tesseract)


_COLUMNS = (
    "block_num", "par_num", "line_num", "text", "left", "top", "width", "height", "conf",
)  # fmt: skip


def _word(
    text: str, left: float, top: float, width: float, height: float, confidence: float
) -> Word:
    return Word(text.strip(), left, top, left + width, top + height, confidence / 100)
