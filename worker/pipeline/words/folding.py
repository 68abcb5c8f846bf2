"""Text as it is looked up: lower case and without accents, letter for letter."""

import unicodedata


def folded(text: str) -> str:
    """As long as `text`: positions stay those of `text`."""
    if text.isascii():
        return text.lower()
    return "".join(_fold(letter) for letter in text)


def _fold(letter: str) -> str:
    plain = unicodedata.normalize("NFKD", letter)[0].lower()
    return plain if len(plain) == 1 else letter
