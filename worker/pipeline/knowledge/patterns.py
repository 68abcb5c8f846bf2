"""The notation of phrases in the knowledge files, as regular expressions.

    total [of] (saving|discount)[s]   brackets: optional; bars in parentheses: one of these
    rundung*                          a star: any letters and digits, or none
    sub-total                         a hyphen: up to three blanks or marks, or none
    d'articles                        an apostrophe: any one character, or none
    no[.][ ]#                         a hash: a number
    rückgeld                          a letter with an accent: also another or no accent, or ue, ss
    сума                              Cyrillic or Greek: also as look-alike Latin letters, cyma

A blank beside an optional word goes into its brackets: `[total ]items`. Everything else stands for
itself and has to be in lower case; print may be in capitals.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Annotated

from pydantic import AfterValidator

from worker.pipeline.knowledge.files import Table, Words, load_table
from worker.pipeline.words.folding import folded

_SIGNS = {
    "[": "(?:", "]": ")?", "(": "(?:", ")": ")", "|": "|",
    "*": r"\w*", "-": r"\W{0,3}", "'": ".?", "#": r"[.,]*\d[.,\d]*",
}  # fmt: skip
# How letters are typed on a keyboard that does not have them.
_TYPED = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "å": "aa", "ø": "oe", "æ": "ae"}
# The letters with accents, by the letter without: an engine may confuse accents, or lose them.
_LATIN = range(0xC0, 0x250)
# Vietnamese letters with two accents, of which an engine may lose even the letter.
_VIETNAMESE = range(0x1EA0, 0x1EFA)
_CLOSING = {"[": "]", "(": ")"}
_NOTHING = "(?!)"


def pattern_of(phrase: str) -> str:
    """Return the regular expression of one phrase, without boundaries."""
    return "".join(_SIGNS.get(letter) or _letter(letter) for letter in phrase)


def any_of(phrases: Iterable[str]) -> str:
    """Return a group that matches any of the phrases, or never if there are none."""
    return f"(?:{'|'.join(map(pattern_of, phrases)) or _NOTHING})"


def whole(phrases: Iterable[str]) -> str:
    """Return a pattern for any of the phrases with no letter or digit on either side."""
    return rf"(?<!\w){any_of(phrases)}(?!\w)"


def _letter(letter: str) -> str:
    """Return a pattern for a letter in all the forms in which it may be typed or read."""
    plain = folded(letter)
    if plain in look_alikes():
        return f"[{letter}{plain}{look_alikes()[plain]}]"
    if plain == letter:
        typed = _TYPED.get(letter)
        return f"(?:{letter}|{typed})" if typed else re.escape(letter)
    accents = f"[{plain}{_accented().get(plain, letter)}{letter}]"
    if ord(letter) in _VIETNAMESE:
        return f"{accents}?"
    return f"(?:{accents}|{_TYPED[letter]})" if letter in _TYPED else accents


class _Letters(Table):
    """The schema of `letters.toml`."""

    look_alikes: dict[str, str]


@cache
def look_alikes() -> Mapping[str, str]:
    """Return the Latin letters and digits as which letters of other scripts are read.

    Raises KnowledgeError.
    """
    return load_table("letters.toml", _Letters).look_alikes


@cache
def _accented() -> Mapping[str, str]:
    """Return the small letters with an accent by the letter without."""
    forms: dict[str, str] = {}
    for letter in map(chr, (*_LATIN, *_VIETNAMESE)):
        plain = folded(letter)
        if letter.islower() and plain != letter and plain.isascii():
            forms[plain] = forms.get(plain, "") + letter
    return forms


def _check(phrases: tuple[str, ...]) -> tuple[str, ...]:
    for phrase in phrases:
        if phrase != unicodedata.normalize("NFC", phrase.lower()):
            raise ValueError(f"{phrase!r} has to be in lower case (and in Unicode's form NFC)")
        if not _is_closed(phrase):
            raise ValueError(f"{phrase!r} has a bracket that is not closed, or not opened")
    return phrases


def _is_closed(phrase: str) -> bool:
    """Return whether every bracket has its counterpart; nothing else in a phrase can be wrong."""
    waiting: list[str] = []
    for letter in phrase:
        if letter in _CLOSING:
            waiting.append(_CLOSING[letter])
        elif letter in _CLOSING.values() and (not waiting or waiting.pop() != letter):
            return False
    return not waiting


# Phrases in the notation above.
Phrases = Annotated[Words, AfterValidator(_check)]
