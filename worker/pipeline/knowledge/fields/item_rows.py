"""Loads `item_rows.toml`: the words in the rows of items."""

from collections.abc import Mapping
from functools import cache
from itertools import chain
from typing import Any

from pydantic import RootModel

from worker.pipeline.knowledge.files import Table, load_table
from worker.pipeline.knowledge.patterns import Phrases


class ItemWords(Table):
    """Words in the rows of items, of one language or of all.

    `deposit` and `returned` begin the names of deposits and of those given back. Discounts with a
    word in `on_all` are not on one item. `behind_units` stand behind the unit of a weight, and
    `before_counts` before a count.
    """

    deposit: Phrases = ()
    returned: Phrases = ()
    on_all: Phrases = ()
    behind_units: Phrases = ()
    before_counts: Phrases = ()


class ItemRowWords(RootModel[dict[str, ItemWords]]):
    """Words by ISO 639-1 code."""


@cache
def load_item_words() -> ItemWords:
    """Load the words of all languages, each once. Raises KnowledgeError."""
    by_language: Mapping[str, ItemWords] = load_table("item_rows.toml", ItemRowWords).root
    words: dict[str, Any] = {
        key: tuple(dict.fromkeys(chain(*(getattr(table, key) for table in by_language.values()))))
        for key in ItemWords.model_fields
    }
    return ItemWords.model_construct(**words)
