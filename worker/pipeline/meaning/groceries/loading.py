"""What is known of groceries, from the files beside this one."""

import tomllib
from functools import cache
from importlib.resources import files
from itertools import chain
from typing import Any

from worker.pipeline.meaning.groceries.categories import LabelMeanings
from worker.pipeline.meaning.groceries.phrases import Phrases
from worker.pipeline.meaning.groceries.shortened import Shortened


def load_meanings() -> LabelMeanings:
    """The grocery topics and categories of `grocery.toml`."""
    return LabelMeanings(_table("grocery"))


@cache
def load_phrases() -> Phrases:
    """Things of `products.toml`, examples of `grocery.toml`, brands of `brands.toml`."""
    things, products = _things(), _table("products")
    deciding = {topic: [*known] for topic, known in products["anywhere"].items()}
    for topic in products["non_food"]["topics"]:
        deciding.setdefault(topic, []).extend(one for one in things[topic] if " " in one)
    return Phrases(things, deciding, _table("brands"))


@cache
def load_shortened() -> Shortened:
    """All words of these files may be what a till shortens."""
    phrases = [*_things().values(), *_table("products")["descriptions"].values()]
    brands = chain(*_table("brands").values())
    return Shortened(chain(*phrases), brands, _table("products")["guesses"])


def _things() -> dict[str, list[str]]:
    listed = _table("products")["things"]
    return {
        topic: [*known["examples"], *listed.get(topic, ())]
        for topic, known in _table("grocery")["topics"].items()
    }


@cache
def _table(name: str) -> dict[str, Any]:
    folder = files("worker.pipeline.knowledge")
    return tomllib.loads(folder.joinpath(f"{name}.toml").read_text(encoding="utf-8"))
