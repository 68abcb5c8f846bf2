"""Loads the known languages, and merges their words into one vocabulary."""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any, TypeVar, cast

from worker.pipeline.knowledge.files import Table, load_folder, load_table
from worker.pipeline.knowledge.vocabulary import Language, Merchants, Vocabulary

T = TypeVar("T", bound=Table)
MERCHANTS = "merchants.toml"


@cache
def languages() -> Mapping[str, Language]:
    """Load all languages by ISO 639-1 code. Raises KnowledgeError."""
    return load_folder("languages", Language)


@cache
def vocabulary() -> Vocabulary:
    """Return the words of all languages, each once. Raises KnowledgeError."""
    return _together(Vocabulary, list(languages().values()))


@cache
def merchant_words() -> Merchants:
    """Return the words around merchants' names, of all languages and of `merchants.toml`.

    Raises KnowledgeError.
    """
    return _together(Merchants, [vocabulary().merchants, load_table(MERCHANTS, Merchants)])


def _together(schema: type[T], tables: Sequence[Table]) -> T:
    """Merge tables into one by joining the lists at each key."""
    values: dict[str, Any] = {}
    for key in schema.model_fields:
        parts = [getattr(table, key) for table in tables]
        values[key] = (
            _together(type(parts[0]), parts)
            if isinstance(parts[0], Table)
            else tuple(dict.fromkeys(chain(*parts)))
        )
    # Not validated again, since languages may have words that differ only by accents.
    return cast(T, schema.model_construct(**values))
