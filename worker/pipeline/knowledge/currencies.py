"""What tells the currency of a receipt, and what goes with it: `currencies.toml`."""

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
        re.compile(pattern, re.VERBOSE)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
    return pattern


Code = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")]
Pattern = Annotated[str, AfterValidator(_compiles)]


class Clue(Table):
    """Any of these says that it is the currency, with so many points each time.

    `exact` are words as they are printed, `words` phrases in the notation of `patterns.py`;
    `pattern` is a regular expression in which blanks count only where they are escaped.
    """

    points: Annotated[int, Field(ge=1, le=3)]
    exact: Words = ()
    words: Phrases = ()
    pattern: Pattern | None = None


class Currency(Table):
    """One currency; see the head of the file."""

    beside: Phrases = ()
    date_order: Literal["day_first", "month_first", "either"] = "day_first"
    clues: Annotated[tuple[Clue, ...], Field(strict=False)] = ()


class SharedSign(Table):
    """A sign of several currencies; see the file."""

    pattern: Pattern
    currencies: Annotated[tuple[Code, ...], Field(strict=False, min_length=1)]
    otherwise: Code | None = None
    not_otherwise: Words = ()


class Currencies(Table):
    """The whole file."""

    currencies: dict[Code, Currency]
    shared: Annotated[tuple[SharedSign, ...], Field(strict=False)] = ()


@cache
def load_currencies() -> Currencies:
    """The file, checked. Raises KnowledgeError."""
    known = load_table(FILE, Currencies)
    for sign in known.shared:
        named = [*sign.currencies, *([sign.otherwise] if sign.otherwise else [])]
        check_names(FILE, "shared", named, known.currencies)
    return known


@cache
def beside_amounts() -> str:
    """A regular expression of what is printed beside an amount, for use in others."""
    known = load_currencies().currencies.values()
    return any_of(phrase for currency in known for phrase in currency.beside)


def date_orders() -> Mapping[str, str]:
    """How days and months are ordered, by currency code."""
    return {code: one.date_order for code, one in load_currencies().currencies.items()}
