"""Writes a name in the words that the embedding model and the knowledge files know."""

import re
from functools import cache
from typing import NamedTuple

from worker.pipeline.knowledge.languages import vocabulary
from worker.pipeline.knowledge.patterns import any_of
from worker.pipeline.meaning.groceries.foreign_words import load_foreign_words
from worker.pipeline.meaning.groceries.known_groceries import load_phrases, load_shortened
from worker.pipeline.words.abbreviations import load_abbreviations
from worker.pipeline.words.folding import folded


class WrittenOut(NamedTuple):
    """A name in full; `translated` if it has words from another language, in their order there."""

    text: str
    translated: bool


def written_out(name: str) -> WrittenOut:
    """Write out the abbreviations and shortened words of a name, and translate it into English."""
    full = load_abbreviations().expand(_in_order(name))
    english = load_foreign_words().in_english(full)
    return WrittenOut(load_shortened().written_out(english), folded(english) != folded(full))


def load_words() -> None:
    """Load everything that `written_out` and the evidence of phrases need. Raises KnowledgeError.

    A mistake then shows at the start, and the first name takes no longer than the next.
    """
    load_phrases()
    written_out("milk")


def _in_order(name: str) -> str:
    """Turn `Soap, Dish` into Dish Soap: catalogues put the head first."""
    match = _head_first().fullmatch(name)
    return f"{match['rest']} {match['head']}" if match else name


@cache
def _head_first() -> re.Pattern[str]:
    """Match a head, a comma, and what is not a description like that of `Tomatoes, in Juice`."""
    describing = any_of(vocabulary().names.describing)
    return re.compile(
        r"\s*(?P<head>[^\W\d_]+(?: [^\W\d_]+)?),\s*"
        rf"(?P<rest>(?!{describing}\b)[^,\d]+?)\s*",
        re.IGNORECASE,
    )
