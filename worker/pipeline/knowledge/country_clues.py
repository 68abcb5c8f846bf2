"""Loads `country_clues.toml`: what shows the country of a receipt."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated

from pydantic import Field, RootModel

from worker.pipeline.knowledge.countries import Country, currency_by_country
from worker.pipeline.knowledge.currencies import Pattern
from worker.pipeline.knowledge.files import Table, Words, check_names, load_table
from worker.pipeline.knowledge.languages import languages
from worker.pipeline.knowledge.patterns import Phrases

FILE = "country_clues.toml"


class TaxId(Table):
    """A kind of taxpayer's number: the words before it, and a regular expression for its form."""

    names: Annotated[Phrases, Field(min_length=1)]
    form: Pattern


class CountryClues(Table):
    """The clues to one country; the head of `country_clues.toml` describes the keys."""

    words: Phrases = ()
    places: Phrases = ()
    domains: Words = ()
    phone: Annotated[str, Field(pattern=r"^\d{1,3}$")] | None = None
    postcode: Pattern | None = None
    postcode_points: Annotated[int, Field(ge=1, le=3)] = 1
    tax_ids: Annotated[tuple[TaxId, ...], Field(strict=False)] = ()
    weak: Pattern | None = None
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")] | None = None


class AllClues(RootModel[dict[Country, CountryClues]]):
    """The schema of `country_clues.toml`: clues by ISO 3166-1 code."""


@cache
def load_country_clues() -> Mapping[str, CountryClues]:
    """Load the clues by country. Raises KnowledgeError."""
    clues = load_table(FILE, AllClues).root
    check_names(FILE, "clues", clues, currency_by_country())
    spoken = {found.language: country for country, found in clues.items() if found.language}
    check_names(FILE, "languages", spoken, languages())
    return clues
