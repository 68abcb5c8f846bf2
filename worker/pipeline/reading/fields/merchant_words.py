"""Patterns that show whether a row of the header is a name, an address or something else.

The words are in `knowledge/languages/` and `knowledge/merchants.toml`; this module decides where
in a row they count.
"""

import re
from functools import cache

from worker.pipeline.knowledge.languages import merchant_words
from worker.pipeline.knowledge.patterns import any_of, whole

# A number in a register or of a branch, behind a name.
_REGISTRATION = re.compile(
    r"\s*[('\"]?\(?\s*[A-Z]{0,2}\d{4,}\s?[-–]?\s?[A-Z\d]?\s*\)?\W*$", re.IGNORECASE
)
_IN_BRACKETS = re.compile(r"\((?=[^()]*\d)[^()]*\)?|\[(?=[^\[\]]*\d)[^\[\]]*\]?")
# A name in quotation marks, between words about its company or its owner.
_QUOTED = re.compile(r"[\"“”„«»](?P<name>[^\"“”„«»]{3,})[\"“”«»]")
# Small words between kinds of shop.
_SMALL = re.compile(
    r"\b(?:y|e|i|a|und|u|et|and|és|og|och|ja|ve|en|de|du|di|del|la|el)\b", re.IGNORECASE
)
# A telephone number: at least seven digits, with nothing but blanks and marks between them.
_PHONE = re.compile(r"(?<!\d)\+?\(?\d(?:[\s().\-/]{0,3}\d){6,}(?!\d)")
_NOUGHT = re.compile(r"(?<![\d,])0(?![\d,])")
_SHORT_CODE = 4
_LABELLED = re.compile(r"^\W*[^\W\d][^:]{0,24}:\s*(?:[\w#(+*]|$)")
_MOMENT = re.compile(
    r"(?<!\d)[0-2]?\d[:.h][0-5]\d(?!\d)|(?<!\d)\d{1,4}([-./])\d{1,2}\1\d{2,4}(?!\d)|\d\s?[ap]\.?m\b",
    re.IGNORECASE,
)


@cache
def legal_form() -> re.Pattern[str]:
    """Match the legal form of a company."""
    forms = merchant_words().legal_forms
    # Some languages have no blanks.
    inside = [form.strip("*") for form in forms if form.startswith("*")]
    apart = [form for form in forms if not form.startswith("*")]
    return _compiled(rf"{whole(apart)}|{any_of(inside)}")


def has_legal_form(text: str) -> bool:
    """Return whether a name has the legal form of a company.

    Short forms count only at its end or its beginning, and with a capital: `Hansen AS`.
    """
    text = with_letters(text)
    if legal_form().search(text):
        return True
    short = _form_behind().search(text) or _form_before().search(text)
    return bool(short and not short["form"][0].islower())


def company(text: str) -> str:
    """Return the name of a company without its tax number or the like: `Zephyra Ltd VAT No 123`."""
    form = legal_form().search(with_letters(text))
    end = form.end() if form else 0
    return text[:end] if form and not_a_name().match(text[end:].strip()) else text


def with_letters(text: str) -> str:
    """Return a text with the letter O for each nought that is no part of a number."""
    return _NOUGHT.sub("O", text)


@cache
def seller() -> re.Pattern[str]:
    """Match a legal form that marks the company which sold the goods."""
    return _compiled(whole(merchant_words().sellers))


@cache
def address() -> re.Pattern[str]:
    """Match streets, floors, postal codes and other parts of an address."""
    words = merchant_words()
    # Codes of four digits are below, since they need more than digits.
    longer = [code for code in words.postal_codes if len(code) > _SHORT_CODE]
    codes = "|".join(code.replace("9", r"\d") for code in longer) or "(?!)"
    return _compiled(
        rf"{whole(words.addresses)}|"
        # A state or province behind a comma.
        r",\s?(?-i:[A-Z]{2})\s*$|"
        rf"^\d+ [\w .]+ {any_of(words.streets)}\b\.?|"
        # Postal codes of digits before a town, British ones, and a number at the end, unless it is
        # the year in which a shop was founded. Four digits inside a row may be a part of a name.
        r"(?:^\W*|[\d,;./-]\s?)\d{4}\s+[^\W\d]|\b\d{5}\b\s+[^\W\d]|\b[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}\b|"
        r"(?<!\d)(?!(?:1[89]|20)\d\d\W*$)\d+\s?[a-z]?[,\s]*$|"
        # The number of a house, a comma or a dash, and a town.
        r"[^\W\d_][.\s]*\d{1,4}\s?[a-z]?(?:\s*,\s*|\s[-–]\s)[^\W\d]{3}|"
        rf"(?<!\d)(?:{codes})\s+[^\W\d]"
    )


@cache
def shop() -> re.Pattern[str]:
    """Match kinds of shop."""
    return _compiled(whole(merchant_words().shops))


@cache
def not_a_name() -> re.Pattern[str]:
    """Match what is printed only in rows that name no merchant: a till, a card, an owner."""
    words = merchant_words()
    return _compiled(rf"www|http|@|{whole(words.not_names)}|^{whole(words.owners)}")


def is_address(text: str) -> bool:
    """Return whether a row has a part of an address, or a telephone number."""
    return bool(address().search(_branch().sub("", text)) or _PHONE.search(text))


def is_labelled(text: str) -> bool:
    """Return whether a row is a label, a colon, and mostly something behind it: `Server: Ann`."""
    return bool(_LABELLED.search(text))


def has_moment(text: str) -> bool:
    """Return whether a row has a date or a time of the day."""
    return bool(_MOMENT.search(text))


@cache
def title() -> re.Pattern[str]:
    """Match the title of the document; the rows below it are about the customer."""
    return _compiled(whole(merchant_words().titles))


@cache
def slogan() -> re.Pattern[str]:
    """Match what shops say about themselves: a sentence, a quotation, or words of advertising."""
    return _compiled(
        r"\S\s+\S+\s+\S{1,40}[.!?]\W{0,5}$|^\W*[\"\u201c].*[\"\u201d]\W*$|"
        # `Since 1958`.
        rf"(?<!\w){any_of(merchant_words().since)}\W{{0,3}}(?:1[89]|20)\d\d\b|"
        rf"{whole(merchant_words().slogans)}"
    )


def greeted(text: str) -> str | None:
    """Return what a greeting names, as in `Welcome to Zephyra`, or None."""
    found = _greeting().search(text) or _thanks().search(text)
    return found["name"].strip(" .!*") if found else None


@cache
def owner_below() -> re.Pattern[str]:
    """Match the end of a row above the name of the company."""
    return _compiled(rf"\b{any_of(merchant_words().owner_below)}\W*$")


@cache
def former_below() -> re.Pattern[str]:
    """Match the end of a row above a former name of the company."""
    return _compiled(rf"\b{any_of(merchant_words().former_below)}\b[\w ]*$")


def quoted(text: str) -> str | None:
    """Return the name in quotation marks beside other words, as in `PHU "ZEPHYRA"`, or None."""
    found = _QUOTED.search(text)
    others = f"{text[: found.start()]}{text[found.end() :]}" if found else ""
    return found["name"].strip() if found and any(map(str.isalpha, others)) else None


def beside_kinds(text: str) -> str:
    """Return a text without kinds of shop and goods, and the small words between them."""
    return _SMALL.sub("", shop().sub("", text))


def without_numbers(text: str) -> str:
    """Remove the numbers that follow a name."""
    name = _REGISTRATION.sub("", _branch().sub("", _IN_BRACKETS.sub("", text)))
    return name.strip()


def spaced(name: str) -> str:
    """Split a legal form of two words that narrow print has joined: `SDNBHD`."""
    for form in merchant_words().sellers:
        first, hyphen, last = form.partition("-")
        if hyphen:
            joined = rf"\b({any_of([first])})\s?\.?\s?(?={any_of([last])}\b)"
            name = re.sub(joined, r"\1 ", name, flags=re.IGNORECASE)
    return name


@cache
def _form_behind() -> re.Pattern[str]:
    # `Edmonton, AB` is a town in a province.
    forms = any_of(merchant_words().forms_behind)
    return _compiled(rf"(?<=[^\W\d_])[.\"]?\s+(?P<form>{forms})\W*$")


@cache
def _form_before() -> re.Pattern[str]:
    return _compiled(rf"^\W*(?P<form>{any_of(merchant_words().forms_before)})\s+\W?\w")


@cache
def _greeting() -> re.Pattern[str]:
    # `Thank you for shopping with us` and `at our shop` have no name.
    return _compiled(
        rf"(?<!\w){any_of(merchant_words().greetings)}\s+"
        r"(?!(?:with |at |in )?(?:us|our|your|this|uns|nous|notre|nos[oa]tros|oss)\b)"
        r"(?P<name>\S.*)$"
    )


@cache
def _thanks() -> re.Pattern[str]:
    # `Our team thanks you` has no name.
    return _compiled(
        r"^\W*(?!(?:we|our|your|the|notre|votre|ihr|unser|uw|ons|su|vostro|il|la)\b)"
        rf"(?P<name>[^\W\d].{{2,40}}?)\s+{any_of(merchant_words().thanks_behind)}(?!\w)"
    )


@cache
def _branch() -> re.Pattern[str]:
    words = merchant_words()
    return _compiled(
        rf"\s*(?:\b{any_of(words.branches)})?\s*(?:#|\b{any_of(words.numbers)})\s?\d+\b.*$"
    )


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)
