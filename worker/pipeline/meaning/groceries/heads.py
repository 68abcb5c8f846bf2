"""Which part of a name says what the thing is: "Crackers with Cheese" are crackers."""

import re
from functools import cache

from worker.pipeline.knowledge.languages import vocabulary
from worker.pipeline.knowledge.patterns import any_of
from worker.pipeline.words.comparing import comparable


def last_word(name: str) -> int:
    """Where the head of a name ends: how many words, as `comparable` has them, come up to it."""
    words = comparable(_head(name))
    while len(words) > 1 and (words[-1] in _tail() or words[-1][0].isdigit()):
        words.pop()
    return len(words)


def _head(name: str) -> str:
    """The start of `name` up to what describes it; all of it where it begins with that."""
    match = _describes().search(name)
    start = name[: match.start()] if match else name
    return start if any(letter.isalpha() for letter in start) else name


@cache
def _describes() -> re.Pattern[str]:
    """What begins the part of a name that only describes. Romance languages put "juice of apple"
    where English has "apple juice"."""
    words = any_of(vocabulary().names.describing)
    return re.compile(rf"\s*(?:[,;(\[|]|\s[-\u2013]\s|\bw/|\b{words}\b)", re.IGNORECASE)


@cache
def _tail() -> frozenset[str]:
    """Words that may stand behind the head and say nothing."""
    return frozenset(comparable(" ".join(vocabulary().names.behind_heads)))
