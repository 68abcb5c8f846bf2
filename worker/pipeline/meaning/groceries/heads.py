"""Which part of a name says what the thing is: "Crackers with Cheese" are crackers."""

import re

from worker.pipeline.words.comparing import comparable

# What begins the part of a name that only describes, in six languages; Romance ones put "juice of
# apple" where English has "apple juice".
_DESCRIBES = re.compile(
    r"\s*(?:[,;(\[|]|\s[-\u2013]\s|\bw/|\b(?:with|in|for|from|by|mit|fur|aus|met|voor|uit"
    r"|avec|au|aux|pour|con|para|al|alla|alle|allo|ai|agli|per|de|del|di|du|des|della|d|a la)\b)",
    re.IGNORECASE,
)
# Words that may stand behind the head and say nothing.
_TAIL = frozenset(comparable(
    "count ct pack pk packs oz fl lb lbs g kg ml cl l gal gallon qt pint ea each bag box can "
    "bottle jar carton tub tray size family value jumbo mini large medium small original classic "
    "organic natural light free fat low reduced assorted variety flavor flavour style sliced "
    "diced chopped shredded whole fresh raw peeled halves bulk loose bunch cello"
))  # fmt: skip


def last_word(name: str) -> int:
    """Where the head of a name ends: how many words, as `comparable` has them, come up to it."""
    words = comparable(_head(name))
    while len(words) > 1 and (words[-1] in _TAIL or words[-1][0].isdigit()):
        words.pop()
    return len(words)


def _head(name: str) -> str:
    """The start of `name` up to what describes it; all of it where it begins with that."""
    match = _DESCRIBES.search(name)
    start = name[: match.start()] if match else name
    return start if any(letter.isalpha() for letter in start) else name
