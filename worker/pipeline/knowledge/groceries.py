"""Loads what is known about groceries: `grocery.toml`, `products.toml` and `brands.toml`."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated

from pydantic import Field, RootModel

from worker.pipeline.knowledge.files import Table, Words, check_names, load_table


class Category(Table):
    """A known label: its names, and the topics that belong to it.

    The head of `grocery.toml` describes the keys.
    """

    names: Words
    topics: Words = ()
    related: Words = ()
    otherwise: Words = ()
    remainder: bool = False


class Topic(Category):
    """The narrowest kind of label, with examples of things that belong there."""

    examples: Annotated[Words, Field(min_length=1)]


class Grocery(Table):
    """The schema of `grocery.toml`."""

    topics: dict[str, Topic]
    categories: dict[str, Category]


class NonFood(Table):
    """Topics whose phrases of several words decide wherever they stand in a name."""

    topics: Words


class Descriptions(Table):
    """Words that say nothing about the topic of a name."""

    describing: Words
    real: Words


class Products(Table):
    """The schema of `products.toml`."""

    things: dict[str, Words]
    anywhere: dict[str, Words]
    non_food: NonFood
    descriptions: Descriptions
    guesses: dict[str, str]


class Brands(RootModel[dict[str, Words]]):
    """The schema of `brands.toml`: brands by topic."""


@cache
def load_grocery() -> Grocery:
    """Load topics and categories. Raises KnowledgeError."""
    grocery = load_table("grocery.toml", Grocery)
    known = {*grocery.topics, *grocery.categories}
    for table, entries in (("topics", grocery.topics), ("categories", grocery.categories)):
        for key, entry in entries.items():
            named = [*entry.topics, *entry.related, *entry.otherwise]
            check_names("grocery.toml", f"{table}.{key}", named, known)
    return grocery


@cache
def load_products() -> Products:
    """Load things by topic, and the words beside them. Raises KnowledgeError."""
    products = load_table("products.toml", Products)
    topics = load_grocery().topics
    check_names("products.toml", "things", products.things, topics)
    check_names("products.toml", "anywhere", products.anywhere, topics)
    check_names("products.toml", "non_food.topics", products.non_food.topics, topics)
    return products


@cache
def load_brands() -> Mapping[str, tuple[str, ...]]:
    """Load brands by topic. Raises KnowledgeError."""
    brands = load_table("brands.toml", Brands).root
    check_names("brands.toml", "brands", brands, load_grocery().topics)
    return brands
