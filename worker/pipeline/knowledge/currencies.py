"""Loads `currencies.toml`: the clues to a receipt's currency, and what depends on it."""

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


class Clue(Table):
    """Text that suggests a currency, with so many points each time that it is printed.

    `exact` are words exactly as printed, `words` are phrases in the notation of `patterns.py`, and
    `pattern` is a regular expression. Any of them counts. A `sign` stands for the currency itself.
    """

    points: Annotated[int, Field(ge=1, le=3)]
    sign: bool = False
    exact: Words = ()
    words: Phrases = ()
    pattern: Pattern | None = None


class Currency(Table):
    """One currency; the head of `currencies.toml` describes the keys."""

    beside: Phrases = ()
    date_order: Literal["day_first", "month_first", "either"] = "day_first"
    clues: Annotated[tuple[Clue, ...], Field(strict=False)] = ()


class SharedSign(Table):
    """A sign that several currencies share; a comment in `currencies.toml` describes the keys."""

    pattern: Pattern
    currencies: Annotated[tuple[Code, ...], Field(strict=False, min_length=1)]
    hinted: Annotated[tuple[Code, ...], Field(strict=False)] = ()
    otherwise: Code | None = None
    not_otherwise: Words = ()

    def may_be(self, code: str | None) -> bool:
        """Return whether the sign is also that of the currency `code`."""
        return code is not None and code in (*self.currencies, *self.hinted, self.otherwise)


class Currencies(Table):
    """The schema of `currencies.toml`."""

    currencies: dict[Code, Currency]
    shared: Annotated[tuple[SharedSign, ...], Field(strict=False)] = ()


@cache
def load_currencies() -> Currencies:
    """Load and check the file. Raises KnowledgeError."""
    known = load_table(FILE, Currencies)
    for sign in known.shared:
        named = [*sign.currencies, *([sign.otherwise] if sign.otherwise else [])]
        check_names(FILE, "shared", named, known.currencies)
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
