"""Reads doubtful words again, and puts what was read into the lines of a page."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from worker.pipeline.ocr.decode import Pixels
from worker.pipeline.ocr.engines.engine import OcrEngine
from worker.pipeline.ocr.orientation import UprightPage
from worker.pipeline.ocr.pages import Recognition
from worker.pipeline.ocr.pdf import TextPage
from worker.pipeline.ocr.text import TextLine
from worker.pipeline.reading.rows.numbers import find_amounts
from worker.pipeline.second_look.cutting import cut_line, reworded, stretched
from worker.pipeline.second_look.doubts import Doubt

# So certain is an amount where there had been none.
_CERTAIN = 0.75
# What is read with less confidence than this is noise.
_LEAST = 0.6
# A line that is read with more confidence than this needs no third reading.
_SURE = 0.9
# Another reading may be less certain by so much.
_WORSE = 0.1
_LETTERS = re.compile(r"[^\W\d_]+")
_PRICE = re.compile(r"-?\d{1,6}[.,]\d\d-?")
# There is no print in a piece whose brightest and darkest parts differ by less (0–255 scale).
_BLANK = 40


@dataclass(frozen=True)
class Change:
    """Another reading of a line of a page, or a line that had not been read if `line` is None.

    `completes` says that an amount was read where there had been none.
    """

    page: int
    line: int | None
    text: TextLine
    completes: bool


def read_again(
    number: int, page: UprightPage, doubts: Sequence[Doubt], engine: OcrEngine
) -> Iterator[Change]:
    """Yield what the page with this index says where it was read differently this time."""
    for doubt in doubts:
        piece = cut_line(page.upright, doubt.words)
        if doubt.letters:
            yield from _amount(number, page, doubt, piece, engine)
        elif doubt.line is not None:
            yield from _line(number, page.lines[doubt.line], doubt.line, piece, engine)


def _amount(
    number: int, page: UprightPage, doubt: Doubt, piece: Pixels, engine: OcrEngine
) -> Iterator[Change]:
    """Yield the change if the piece holds an amount and nothing else."""
    if _is_blank(piece):
        return
    text, confidence = engine.read_line(piece, doubt.letters)
    if confidence < _CERTAIN or not _PRICE.fullmatch(text):
        return
    (old,) = doubt.words
    word = replace(old, text=text, confidence=confidence)
    words = (old,) if doubt.line is None else page.lines[doubt.line].words
    line = TextLine(tuple(word if before is old else before for before in words))
    yield Change(number, doubt.line, line, completes=True)


def _line(
    number: int, line: TextLine, index: int, piece: Pixels, engine: OcrEngine
) -> Iterator[Change]:
    """Yield up to two other readings of a line: as it is, and with its contrast stretched if the
    first one is another than before."""
    seen = {_figures(line.text)}
    for variant in (piece, stretched(piece)):
        read = engine.read_line(variant)
        if _figures(read[0]) in seen and read[1] >= _SURE:
            return
        if _figures(read[0]) not in seen and _may_replace(line, *read):
            seen.add(_figures(read[0]))
            yield Change(number, index, reworded(line, *read), completes=False)


def _figures(text: str) -> str:
    """Return the text without its letters, which are not what is in doubt."""
    return " ".join(_LETTERS.sub(" ", text).split())


def _may_replace(line: TextLine, text: str, confidence: float) -> bool:
    """Return whether another reading is as good, and has as many amounts: debris adds up, too."""
    return (
        bool(text.strip())
        and confidence >= max(_LEAST, line.confidence - _WORSE)
        and len(find_amounts(text)) >= len(find_amounts(line.text))
    )


def _is_blank(piece: Pixels) -> bool:
    dark, light = np.percentile(piece, (2, 90))
    return bool(light - dark < _BLANK)


def changed(found: Recognition, changes: Sequence[Change]) -> Recognition:
    """Return the pages with their lines changed.

    The first change of a line counts, and amounts that complete its other words do, too.
    """
    pages = [
        _changed(page, [change for change in changes if change.page == number])
        for number, page in enumerate(found.pages)
    ]
    return replace(found, pages=pages)


def _changed(page: UprightPage | TextPage, changes: Sequence[Change]) -> UprightPage | TextPage:
    lines = [
        _merged(line, [change for change in changes if change.line == index])
        for index, line in enumerate(page.lines)
    ]
    added = [change.text for change in changes if change.line is None]
    return replace(page, lines=[*lines, *added])


def _merged(line: TextLine, changes: Sequence[Change]) -> TextLine:
    """Return a line with the first of its changes, or with each word that was completed."""
    if not changes or not changes[0].completes:
        return changes[0].text if changes else line
    completed = [change.text.words for change in changes if change.completes]
    return TextLine(
        tuple(
            next((word for word in read if word != before), before)
            for before, *read in zip(line.words, *completed, strict=True)
        )
    )
