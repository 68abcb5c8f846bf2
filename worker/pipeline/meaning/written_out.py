"""A name in the words that the model and the lexicon know."""

from typing import NamedTuple

from worker.pipeline.abbreviations import load_abbreviations
from worker.pipeline.folding import folded
from worker.pipeline.meaning.foreign_words import load_foreign_words
from worker.pipeline.meaning.lexicon import load_shortened


class WrittenOut(NamedTuple):
    """`translated`: whether words of other languages were put in English, in their own order."""

    text: str
    translated: bool


def written_out(name: str) -> WrittenOut:
    """With abbreviations and shortened words in full, and in English."""
    full = load_abbreviations().expand(name)
    english = load_foreign_words().in_english(full)
    return WrittenOut(load_shortened().written_out(english), folded(english) != folded(full))
