"""Loads `currencies.toml`: how currencies are printed, and what depends on them."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from worker.pipeline.knowledge.files import Table, Words, check_names, load_table
from worker.pipeline.knowledge.patterns import Phrases, any_of

FILE = "currencies.toml"


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
    return pattern


Code = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")]
Pattern = Annotated[str, AfterValidator(_compiles)]


class Currency(Table):
    """One currency; the head of `currencies.toml` describes the keys."""

    beside: Phrases = ()
    date_order: Literal["day_first", "month_first", "either"] = "day_first"
    signs: Words = ()
    pattern: Pattern | None = None
    word: bool = False


class SharedSign(Table):
    """A sign that several currencies share; a comment in `currencies.toml` describes the keys."""

    pattern: Pattern
    currencies: Annotated[tuple[Code, ...], Field(strict=False, min_length=1)]
    clues: dict[Code, Pattern] = Field(default_factory=dict)
    otherwise: Code | None = None


class Currencies(Table):
    """The schema of `currencies.toml`."""

    currencies: dict[Code, Currency]
    shared: Annotated[tuple[SharedSign, ...], Field(strict=False)] = ()


@cache
def load_currencies() -> Currencies:
    """Load and check the file. Raises KnowledgeError."""
    known = load_table(FILE, Currencies)
    for sign in known.shared:
        check_names(FILE, "shared", sign.currencies, known.currencies)
        named = (*sign.clues, *([sign.otherwise] if sign.otherwise else []))
        check_names(FILE, "shared", named, sign.currencies)
    return known


@cache
def beside_amounts() -> str:
    """Return a regular expression for what is printed beside amounts, to be part of others."""
    known = load_currencies().currencies.values()
    return any_of(phrase for currency in known for phrase in currency.beside)


def date_orders() -> Mapping[str, str]:
    """Return the order of day and month by currency code. Raises KnowledgeError."""
    currencies = load_currencies().currencies
    return {code: currency.date_order for code, currency in currencies.items()}
