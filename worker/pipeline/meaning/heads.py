"""Which part of a name says what the thing is: "Crackers with Cheese" are crackers."""

import re

# What begins the part of a name that only describes, in six languages; Romance ones put "juice of
# apple" where English has "apple juice".
_DESCRIBES = re.compile(
    r"\s*(?:[,;(\[|]|\s[-\u2013]\s|\bw/|\b(?:with|in|for|from|by|and|mit|fur|in|aus|met|voor|uit"
    r"|avec|au|aux|pour|con|para|al|alla|alle|allo|ai|agli|per|de|del|di|du|des|della|d|a la)\b)",
    re.IGNORECASE,
)


def head(name: str) -> str:
    """The start of `name` up to what describes it; all of it where it begins with that."""
    match = _DESCRIBES.search(name)
    start = name[: match.start()] if match else name
    return start if any(letter.isalpha() for letter in start) else name
