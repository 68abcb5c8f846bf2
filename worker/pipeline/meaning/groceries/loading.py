"""What is known of groceries, from the files of `knowledge/`."""

from functools import cache
from itertools import chain

from worker.pipeline.knowledge.groceries import load_brands, load_grocery, load_products
from worker.pipeline.meaning.groceries.categories import LabelMeanings
from worker.pipeline.meaning.groceries.phrases import Phrases
from worker.pipeline.meaning.groceries.shortened import Shortened


def load_meanings() -> LabelMeanings:
    """The grocery topics and categories of `grocery.toml`."""
    return LabelMeanings(load_grocery())


@cache
def load_phrases() -> Phrases:
    """Things of `products.toml`, examples of `grocery.toml`, brands of `brands.toml`."""
    things, products = _things(), load_products()
    deciding = {topic: [*known] for topic, known in products.anywhere.items()}
    for topic in products.non_food.topics:
        deciding.setdefault(topic, []).extend(thing for thing in things[topic] if " " in thing)
    return Phrases(things, deciding, load_brands())


@cache
def load_shortened() -> Shortened:
    """All words of these files may be what a till shortens."""
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
