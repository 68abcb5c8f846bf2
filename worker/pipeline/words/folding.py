"""Folds text for look-ups: lower case and without accents, letter by letter."""

import unicodedata
from types import MappingProxyType

# Letters with a stroke, which Unicode does not decompose into a letter and an accent.
_STRUCK = MappingProxyType({"ł": "l", "ø": "o", "đ": "d", "ħ": "h"})


def folded(text: str) -> str:
    """Fold a text. The result is as long as `text`, so positions in it are valid in both."""
    if text.isascii():
        return text.lower()
    return "".join(_fold(letter) for letter in text)


def _fold(letter: str) -> str:
    plain = unicodedata.normalize("NFKD", letter)[0].lower()
    return _STRUCK.get(plain, plain) if len(plain) == 1 else letter
