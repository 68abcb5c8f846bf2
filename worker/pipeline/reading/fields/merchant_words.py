"""Patterns that show whether a row of the header is a name, an address or something else.

The words are in `knowledge/languages/`; this module decides where in a row they count.
"""

import re
from functools import cache

from worker.pipeline.knowledge.languages import vocabulary
from worker.pipeline.knowledge.patterns import any_of, whole

# A number in a register or of a branch, behind a name.
_REGISTRATION = re.compile(
    r"\s*[('\"]?\(?\s*[A-Z]{0,2}\d{4,}\s?[-–]?\s?[A-Z\d]?\s*\)?\W*$", re.IGNORECASE
)
_IN_BRACKETS = re.compile(r"\((?=[^()]*\d)[^()]*\)?")


@cache
def legal_form() -> re.Pattern[str]:
    """Match the legal form of a company."""
    return _compiled(whole(vocabulary().merchants.legal_forms))


@cache
def seller() -> re.Pattern[str]:
    """Match a legal form that marks the company which sold the goods."""
    return _compiled(whole(vocabulary().merchants.sellers))


@cache
def address() -> re.Pattern[str]:
    """Match streets, floors, postal codes and other parts of an address."""
    words = vocabulary().merchants
    codes = "|".join(code.replace("9", r"\d") for code in words.postal_codes) or "(?!)"
    return _compiled(
        rf"{whole(words.addresses)}|"
        # A state or province behind a comma.
        r",\s?(?-i:[A-Z]{2})\s*$|"
        rf"^\d+ [\w .]+ {any_of(words.streets)}\b\.?|"
        # Postal codes of digits before a town, British ones, and a number at the end.
        r"\b\d{4,5}\b\s+[^\W\d]|\b[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}\b|\d+[,\s]*$|"
        rf"(?<!\d)(?:{codes})\s+[^\W\d]"
    )


@cache
def shop() -> re.Pattern[str]:
    """Match kinds of shop."""
    return _compiled(whole(vocabulary().merchants.shops))


@cache
def not_a_name() -> re.Pattern[str]:
    """Match what is printed only in rows that name no merchant: a till, a card, an owner."""
    words = vocabulary().merchants
    return _compiled(rf"www|http|@|{whole(words.not_names)}|^{whole(words.owners)}")


@cache
def title() -> re.Pattern[str]:
    """Match the title of the document; the rows below it are about the customer."""
    return _compiled(whole(vocabulary().merchants.titles))


@cache
def slogan() -> re.Pattern[str]:
    """Match what shops say about themselves: a sentence, a quotation, or words of advertising."""
    return _compiled(
        r"\S\s+\S+\s+\S{1,40}[.!?]\W{0,5}$|^\W*[\"\u201c].*[\"\u201d]\W*$|"
        rf"{whole(vocabulary().merchants.slogans)}"
    )


@cache
def owner_below() -> re.Pattern[str]:
    """Match the end of a row above the name of the company."""
    return _compiled(rf"\b{any_of(vocabulary().merchants.owner_below)}\W*$")


@cache
def former_below() -> re.Pattern[str]:
    """Match the end of a row above a former name of the company."""
    return _compiled(rf"\b{any_of(vocabulary().merchants.former_below)}\b[\w ]*$")


def without_numbers(text: str) -> str:
    """Remove the numbers that follow a name."""
    name = _REGISTRATION.sub("", _branch().sub("", _IN_BRACKETS.sub("", text)))
    return name.strip()


def spaced(name: str) -> str:
    """Split a legal form of two words that narrow print has joined: `SDNBHD`."""
    for form in vocabulary().merchants.sellers:
        first, hyphen, last = form.partition("-")
        if hyphen:
            joined = rf"\b({any_of([first])})\s?\.?\s?(?={any_of([last])}\b)"
            name = re.sub(joined, r"\1 ", name, flags=re.IGNORECASE)
    return name


@cache
def _branch() -> re.Pattern[str]:
    words = vocabulary().merchants
    return _compiled(
        rf"\s*(?:\b{any_of(words.branches)})?\s*(?:#|\b{any_of(words.numbers)})\s?\d+\b.*$"
    )


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)
