"""Words as they are compared: lower case, without accents, singular."""

import re

from worker.pipeline.words.folding import folded

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
# English endings that the plural's s makes, with what the singular has there.
_PLURALS = (("ies", "y"), ("oes", "o"), ("shes", "sh"), ("ches", "ch"), ("xes", "x"))
# Words that end with these have no s to lose: asparagus, swiss.
_NO_PLURALS = ("ss", "us", "is")


def comparable(text: str) -> list[str]:
    """The words of a text in their order; an apostrophe inside a word is left out (Lay's: lay)."""
    return [singular(re.sub("['\u2019]", "", word)) for word in _WORD.findall(folded(text))]


def singular(word: str) -> str:
    """Of an English word in lower case, the same for singular and plural; not always a word."""
    for ending, one in _PLURALS:
        if word.endswith(ending):
            return word.removesuffix(ending) + one
    if word.endswith("ie"):
        return word.removesuffix("ie") + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(_NO_PLURALS):
        return word.removesuffix("s")
    return word
