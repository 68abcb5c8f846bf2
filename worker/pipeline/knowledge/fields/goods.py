"""The words that name goods, in all known languages."""

import re
from functools import cache

from worker.pipeline.knowledge.groceries import load_products
from worker.pipeline.knowledge.translations import load_translations
from worker.pipeline.words.folding import folded

# Shorter words may be anything.
_WORD = re.compile(r"[^\W\d_]{4,}")


def names_goods(name: str) -> bool:
    """Return whether a printed name has a word that only goods have. Raises KnowledgeError."""
    return any(word in load_goods_words() for word in _WORD.findall(folded(name)))


@cache
def load_goods_words() -> frozenset[str]:
    """Load the words of the things that are known, without accents. Raises KnowledgeError."""
    products = load_products()
    listed = [*products.things.values(), *products.anywhere.values(), *load_translations()]
    return frozenset(
        word for names in listed for name in names for word in _WORD.findall(folded(name))
    )
