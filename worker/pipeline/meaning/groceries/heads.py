"""Finds the head of a name, which says what the thing is: "Crackers with Cheese" are crackers."""

import re
from functools import cache

from worker.pipeline.knowledge.languages import vocabulary
from worker.pipeline.knowledge.patterns import any_of
from worker.pipeline.words.comparing import comparable


def last_word(name: str) -> int:
    """Return where the head of a name ends, as a number of words as `comparable` splits them."""
    words = comparable(_head(name))
    while len(words) > 1 and (words[-1] in _tail() or words[-1][0].isdigit()):
        words.pop()
    return len(words)


def _head(name: str) -> str:
    """Return `name` up to its description, or all of it if it begins with the description."""
    match = _describes().search(name)
    start = name[: match.start()] if match else name
    return start if any(letter.isalpha() for letter in start) else name


@cache
def _describes() -> re.Pattern[str]:
    """Match the beginning of the part that only describes. Romance languages say "juice of
    apple" where English says "apple juice"."""
    words = any_of(vocabulary().names.describing)
    return re.compile(rf"\s*(?:[,;(\[|]|\s[-\u2013]\s|\bw/|\b{words}\b)", re.IGNORECASE)


@cache
def _tail() -> frozenset[str]:
    """Return the words that may follow the head and do not change what the thing is."""
    return frozenset(comparable(" ".join(vocabulary().names.behind_heads)))
