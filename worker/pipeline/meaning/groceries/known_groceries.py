"""Loads what is known about groceries from the files in `knowledge/`."""

from functools import cache
from itertools import chain

from worker.pipeline.knowledge.groceries import load_brands, load_grocery, load_products
from worker.pipeline.meaning.groceries.categories import LabelMeanings
from worker.pipeline.meaning.groceries.foreign_words import load_foreign_words
from worker.pipeline.meaning.groceries.phrases import Phrases
from worker.pipeline.meaning.groceries.shortened import Shortened


def load_meanings() -> LabelMeanings:
    """Load the topics and categories of `grocery.toml`. Raises KnowledgeError."""
    return LabelMeanings(load_grocery(), load_foreign_words().in_english)


@cache
def load_phrases() -> Phrases:
    """Load the things of `products.toml`, the examples of `grocery.toml` and all brands.

    Raises KnowledgeError.
    """
    things, products = _things(), load_products()
    deciding = {topic: [*known] for topic, known in products.anywhere.items()}
    for topic in products.non_food.topics:
        deciding.setdefault(topic, []).extend(thing for thing in things[topic] if " " in thing)
    return Phrases(things, deciding, load_brands())


@cache
def load_shortened() -> Shortened:
    """Load the words that a till may shorten: all those of the same files, and descriptions.

    Raises KnowledgeError.
    """
    products = load_products()
    descriptions = (products.descriptions.describing, products.descriptions.real)
    phrases = [*_things().values(), *descriptions]
    return Shortened(chain(*phrases), chain(*load_brands().values()), products.guesses)


def _things() -> dict[str, list[str]]:
    listed = load_products().things
    return {
        topic: [*known.examples, *listed.get(topic, ())]
        for topic, known in load_grocery().topics.items()
    }
