"""Reduces words to a form in which they are compared: lower case, no accents, singular."""

import re
from types import MappingProxyType

from worker.pipeline.words.folding import folded

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_APOSTROPHES = MappingProxyType({ord("'"): None, ord("\u2019"): None})
# Endings of English plurals, with the ending of the singular.
_PLURALS = (("ies", "y"), ("oes", "o"), ("shes", "sh"), ("ches", "ch"), ("xes", "x"))
# Words that end with these have no s to lose: asparagus, swiss.
_NO_PLURALS = ("ss", "us", "is")


def comparable(text: str) -> list[str]:
    """Return the words of a text in order, without apostrophes (Lay's becomes lay)."""
    return [singular(word.translate(_APOSTROPHES)) for word in _WORD.findall(folded(text))]


def singular(word: str) -> str:
    """Reduce an English word in lower case to a form that its singular and plural share.

    The form is not always a word.
    """
    if not word.endswith(("s", "ie")):
        return word
    for ending, singular_ending in _PLURALS:
        if word.endswith(ending):
            return word.removesuffix(ending) + singular_ending
    if word.endswith("ie"):
        return word.removesuffix("ie") + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(_NO_PLURALS):
        return word.removesuffix("s")
    return word
