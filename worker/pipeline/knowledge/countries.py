"""Loads `countries.toml`: what the tills of a country print."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from shared.contracts.receipts.requests import ReadingHints
from worker.pipeline.knowledge.currencies import Code
from worker.pipeline.knowledge.files import Table, check_names, load_table

FILE = "countries.toml"

Country = Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")]
Codes = Annotated[tuple[Code, ...], Field(strict=False)]
Listed = Annotated[tuple[Country, ...], Field(strict=False)]
Order = Literal["day_first", "month_first", "year_first"]


class Countries(Table):
    """The schema of `countries.toml`; the comments there describe the keys."""

    month_first: Listed
    year_first: Listed
    decimal_comma: Listed
    no_decimals: Codes
    three_decimals: Codes
    currencies: dict[Code, Listed]
    languages: dict[str, Country]


@dataclass(frozen=True)
class Conventions:
    """What the tills of one country print.

    `currency` is None if the hints name only a language, and in a country without money.
    `is_certain` means that the hints name the country itself, so that its currency can be inferred.
    `thousands` has the characters that may group thousands; it is empty where prices have three
    decimals.
    """

    currency: str | None
    is_certain: bool
    date_order: Order
    thousands: str


@cache
def load_countries() -> Countries:
    """Load and check the file. Raises KnowledgeError."""
    known = load_table(FILE, Countries)
    check_names(FILE, "currencies", (*known.no_decimals, *known.three_decimals), known.currencies)
    used = (*known.month_first, *known.year_first, *known.decimal_comma, *known.languages.values())
    check_names(FILE, "countries", used, _currencies(known))
    return known


def conventions_of(hints: ReadingHints) -> Conventions | None:
    """Return the conventions of the country that is hinted at, or None if there is none.

    A `country` counts before the region of a `locale`, and that before its language.
    """
    known = load_countries()
    language, *rest = (hints.locale or "").split("-")
    region = next((part for part in rest if len(part) == 2), None)
    country = hints.country or region
    like = country or known.languages.get(language)
    if like is None:
        return None
    currency = _currencies(known).get(like)
    return Conventions(
        currency=currency if country else None,
        is_certain=hints.country is not None,
        date_order=_date_order(like, known),
        thousands=_thousands(like, currency, known),
    )


def date_order_of(country: str) -> Order:
    """Return the order of day, month and year in a country. Raises KnowledgeError."""
    return _date_order(country, load_countries())


def _date_order(country: str, known: Countries) -> Order:
    if country in known.month_first:
        return "month_first"
    return "year_first" if country in known.year_first else "day_first"


def _thousands(country: str, currency: str | None, known: Countries) -> str:
    if currency in known.three_decimals:
        return ""
    if currency in known.no_decimals:
        return ".,"
    return "." if country in known.decimal_comma else ","


@cache
def currency_by_country() -> Mapping[str, str]:
    """Return the ISO 4217 code of the currency of each country. Raises KnowledgeError."""
    return _currencies(load_countries())


def _currencies(known: Countries) -> Mapping[str, str]:
    """Return the currencies by country."""
    return {country: code for code, listed in known.currencies.items() for country in listed}
