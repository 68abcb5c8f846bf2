"""The notation of phrases in the knowledge files, as regular expressions.

    total [of] (saving|discount)[s]   brackets: optional; bars in parentheses: one of these
    rundung*                          a star: any letters and digits, or none
    sub-total                         a hyphen: up to three blanks or marks, or none
    d'articles                        an apostrophe: any one character, or none
    no[.][ ]#                         a hash: a number
    rückgeld                          a letter with an accent: also without it, or as ue, oe, ae, ss

A blank beside an optional word goes into its brackets: `[total ]items`. Everything else stands for
itself and has to be in lower case; print may be in capitals.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator

from worker.pipeline.knowledge.files import Words
from worker.pipeline.words.folding import folded

_SIGNS = {
    "[": "(?:", "]": ")?", "(": "(?:", ")": ")", "|": "|",
    "*": r"\w*", "-": r"\W{0,3}", "'": ".?", "#": r"[.,]*\d[.,\d]*",
}  # fmt: skip
# How letters are typed on a keyboard that does not have them.
_TYPED = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "å": "aa", "ø": "oe", "æ": "ae"}
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
    plain = folded(letter)
    forms = dict.fromkeys((letter, _TYPED.get(letter, plain), plain))
    return f"(?:{'|'.join(forms)})" if len(forms) > 1 else re.escape(letter)


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
