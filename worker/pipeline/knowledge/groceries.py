"""What groceries are and what they are called: `grocery.toml`, `products.toml`, `brands.toml`,
`foreign_words/` and `abbreviations.toml`, checked against each other."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated

from pydantic import Field, RootModel

from worker.pipeline.knowledge.files import (
    KnowledgeError,
    Table,
    Words,
    check_names,
    load_folder,
    load_table,
)
from worker.pipeline.knowledge.languages import languages


class Category(Table):
    """A label that is known: what it is called, and the topics that belong to it; see
    `grocery.toml`."""

    names: Words
    topics: Words = ()
    related: Words = ()
    otherwise: Words = ()
    remainder: bool = False


class Topic(Category):
    """A label as narrow as may be, with examples of things that belong there."""

    examples: Annotated[Words, Field(min_length=1)]


class Grocery(Table):
    """`grocery.toml`."""

    topics: dict[str, Topic]
    categories: dict[str, Category]


class NonFood(Table):
    """Topics whose phrases of several words decide wherever they stand."""

    topics: Words


class Descriptions(Table):
    """Words that say nothing of the topic."""

    describing: Words
    real: Words


class Products(Table):
    """`products.toml`."""

    things: dict[str, Words]
    anywhere: dict[str, Words]
    non_food: NonFood
    descriptions: Descriptions
    guesses: dict[str, str]


class Brands(RootModel[dict[str, Words]]):
    """`brands.toml`: brands by topic."""


class Abbreviations(RootModel[dict[str, dict[str, str]]]):
    """`abbreviations.toml`: by language, what short forms stand for."""


class ForeignWords(Table):
    """A file of `foreign_words/`: foreign words by what they are in English. Those that are
    `compounding` are also looked for as parts of longer words."""

    compounding: dict[str, Words] = Field(default_factory=dict)
    whole: dict[str, Words] = Field(default_factory=dict)


@cache
def load_grocery() -> Grocery:
    """Topics and categories. Raises KnowledgeError."""
    grocery = load_table("grocery.toml", Grocery)
    known = {*grocery.topics, *grocery.categories}
    for table, entries in (("topics", grocery.topics), ("categories", grocery.categories)):
        for key, entry in entries.items():
            named = [*entry.topics, *entry.related, *entry.otherwise]
            check_names("grocery.toml", f"{table}.{key}", named, known)
    return grocery


@cache
def load_products() -> Products:
    """Things by topic. Raises KnowledgeError."""
    products = load_table("products.toml", Products)
    topics = load_grocery().topics
    check_names("products.toml", "things", products.things, topics)
    check_names("products.toml", "anywhere", products.anywhere, topics)
    check_names("products.toml", "non_food.topics", products.non_food.topics, topics)
    return products


@cache
def load_brands() -> Mapping[str, tuple[str, ...]]:
    """Brands by topic. Raises KnowledgeError."""
    brands = load_table("brands.toml", Brands).root
    check_names("brands.toml", "brands", brands, load_grocery().topics)
    return brands


@cache
def load_short_forms() -> Mapping[str, str]:
    """What abbreviations of all languages stand for. Raises KnowledgeError."""
    by_language = load_table("abbreviations.toml", Abbreviations).root
    check_names("abbreviations.toml", "abbreviations", by_language, languages())
    meanings: dict[str, str] = {}
    for language, short_forms in by_language.items():
        for short, meaning in short_forms.items():
            _add(meanings, short, meaning, f"abbreviations.toml: {language}")
    return meanings


@cache
def load_translations() -> tuple[Mapping[str, str], Mapping[str, str]]:
    """English by foreign word: those that stand alone, and those that compounds are made of.

    Raises KnowledgeError, also where a word means two things: nobody knows a name's language.
    """
    whole: dict[str, str] = {}
    compounding: dict[str, str] = {}
    known: dict[str, str] = {}
    for name, words in load_folder("foreign_words", ForeignWords).items():
        for key, table, found in (
            ("compounding", words.compounding, compounding),
            ("whole", words.whole, whole),
        ):
            for english, several in table.items():
                for word in several:
                    _add(known, word, english, f"foreign_words/{name}.toml: {key}")
                    found[word] = english
    return whole, compounding


def _add(meanings: dict[str, str], word: str, meaning: str, where: str) -> None:
    other = meanings.setdefault(word, meaning)
    if other != meaning:
        raise KnowledgeError(f"{where}.{word} is {meaning!r} here and {other!r} elsewhere")
