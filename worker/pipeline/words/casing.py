"""Puts names that a till prints in capitals into the case that people use."""

import re
from functools import cache

from worker.pipeline.knowledge.languages import vocabulary

_WORD = re.compile(r"(?<!\d)[^\W\d_]+(?:['\u2019][^\W\d_]+)*(?!\d)")
_VOWEL = re.compile(r"[AEIOUÀ-ÖØ-Ý]|(?<=.)Y")
_SHOUTED_SHARE = 0.75


def titled(text: str) -> str:
    """Capitalise each word of `text`, except small words that are not at its start."""
    return _WORD.sub(_capital, text)


def shouts(text: str) -> bool:
    """Return whether a text is in capitals, allowing for some letters that were misread."""
    letters = [letter for letter in text if letter.lower() != letter.upper() and letter != "ß"]
    capitals = sum(letter.isupper() for letter in letters)
    return capitals > 0 and capitals >= _SHOUTED_SHARE * len(letters)


def calmed(text: str) -> str:
    """Put the words of `text` that are in capitals into Title Case.

    Codes and acronyms stay as they are: XL, BBQ, H&M, 3IN1.
    """
    return _WORD.sub(_calmed_word, text)


def _calmed_word(match: re.Match[str]) -> str:
    word = match[0]
    if not word.replace("ß", "").isupper() or _is_code(word):
        return word
    first, mark, rest = word.partition("'") if "'" in word else word.partition("\u2019")
    if len(first) == 1 and len(rest) > 1:  # O'Brien, L'Oréal; but M&M's
        return first + mark + rest.capitalize()
    return _small_or(word.capitalize(), match)


def _is_code(word: str) -> bool:
    """Return whether a word is read letter by letter: known as such, or short and vowelless."""
    without_vowel = word.isalpha() and not _VOWEL.search(word)
    return len(word) == 1 or word in _spelled() or (len(word) <= 3 and without_vowel)


def _capital(match: re.Match[str]) -> str:
    word = match[0]
    return _small_or(word[0].upper() + word[1:], match)


def _small_or(capital: str, match: re.Match[str]) -> str:
    inside = match.start() > 0 and match.string[match.start() - 1] == " "
    return capital.lower() if inside and capital.lower() in _small_words() else capital


@cache
def _small_words() -> frozenset[str]:
    return frozenset(vocabulary().names.small_words)


@cache
def _spelled() -> frozenset[str]:
    return frozenset(vocabulary().names.spelled)
