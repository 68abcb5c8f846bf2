"""Folds text for look-ups: lower case and without accents, letter by letter."""

import unicodedata
from types import MappingProxyType

# Letters with a stroke, or without a dot, which Unicode does not take apart.
_STRUCK = MappingProxyType({"ł": "l", "ø": "o", "đ": "d", "ħ": "h", "\u0131": "i"})
# Korean syllables, which Unicode decomposes into the letters that they are written with.
_SYLLABLES = range(0xAC00, 0xD7A4)


def folded(text: str) -> str:
    """Fold a text. The result is as long as `text`, so positions in it are valid in both."""
    if text.isascii():
        return text.lower()
    return "".join(_fold(letter) for letter in text)


def _fold(letter: str) -> str:
    if ord(letter) in _SYLLABLES:
        return letter
    plain = unicodedata.normalize("NFKD", letter)[0].lower()
    return _STRUCK.get(plain, plain) if len(plain) == 1 else letter
