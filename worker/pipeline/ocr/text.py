"""The text that an engine reads: words in boxes, grouped in lines.

Coordinates are in pixels from the top left.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import fmean


@dataclass(frozen=True)
class Word:
    """A word and its box. `confidence` is the engine's, from 0 to 1."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    confidence: float

    @property
    def middle(self) -> float:
        """The vertical middle of the box."""
        return (self.top + self.bottom) / 2

    @property
    def height(self) -> float:
        """Height of the box, which is about the size of the print."""
        return self.bottom - self.top


@dataclass(frozen=True)
class TextLine:
    """Words that the engine read as one line, from left to right. It is never empty."""

    words: tuple[Word, ...]

    @cached_property
    def text(self) -> str:
        """The words, joined by single spaces."""
        return " ".join(word.text for word in self.words)

    @cached_property
    def confidence(self) -> float:
        """The mean of the words' confidences."""
        return fmean(word.confidence for word in self.words)

    @cached_property
    def height(self) -> float:
        """The mean height of the words in pixels."""
        return fmean(word.height for word in self.words)

    def lowered(self, by: float) -> "TextLine":
        """Return the line moved down by `by` pixels, as a part of a larger page."""
        words = (replace(word, top=word.top + by, bottom=word.bottom + by) for word in self.words)
        return TextLine(tuple(words))


def as_text(lines: Sequence[TextLine]) -> str:
    """Join lines to plain text, one per row."""
    return "\n".join(line.text for line in lines)
