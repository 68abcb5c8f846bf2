"""Puts printed names of merchants into the form in which they are given, or are compared."""

import re

from worker.pipeline.reading.fields.merchant_words import (
    legal_form,
    spaced,
    with_letters,
    without_numbers,
)
from worker.pipeline.words.folding import folded

# Letters with blanks between them: P E N N Y.
_SPACED = re.compile(r"(?<!\S)(?:[^\W\d_] ){2,}[^\W\d_](?!\S)")
_SHORT_FORM = re.compile(r"(?:\w\.){2,}$")
# Two names that narrow print has joined; `H&M` is one.
_JOINED = re.compile(r"(?<=[^\W\d_]{3})&(?=[^\W\d_]{3})")
_WORD = re.compile(r"[^\W_]+")


def written(name: str) -> str:
    """Remove what surrounds a printed name, and restore a space that narrow print has lost."""
    name = _SPACED.sub(lambda letters: letters[0].replace(" ", ""), name)
    name = spaced(re.sub(r"\)(?=\w)", ") ", _JOINED.sub(" & ", without_numbers(name))))
    stripped = name.strip(" .,:;-'\"*=_#~")
    return (
        f"{stripped}."
        if _SHORT_FORM.search(f"{stripped}.") and f"{stripped}." in name
        else stripped
    )


def core(name: str) -> str:
    """Return a name without its legal form."""
    return legal_form().sub("", with_letters(name))


def compact(text: str) -> str:
    """Return the letters and digits of a text, in lower case and without accents."""
    return "".join(_WORD.findall(folded(text)))
