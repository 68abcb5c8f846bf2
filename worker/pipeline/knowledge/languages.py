"""The languages that are known, and the words of all of them together."""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any, TypeVar, cast

from worker.pipeline.knowledge.files import Table, load_folder
from worker.pipeline.knowledge.vocabulary import Language, Vocabulary

T = TypeVar("T", bound=Table)


@cache
def languages() -> Mapping[str, Language]:
    """By ISO 639-1 code. Raises KnowledgeError."""
    return load_folder("languages", Language)


@cache
def vocabulary() -> Vocabulary:
    """The words of all languages, each once. Raises KnowledgeError."""
    return _together(Vocabulary, list(languages().values()))


def _together(schema: type[T], tables: Sequence[Table]) -> T:
    """One table with the lists of all `tables`, key by key."""
    values: dict[str, Any] = {}
    for key in schema.model_fields:
        parts = [getattr(table, key) for table in tables]
        values[key] = (
            _together(type(parts[0]), parts)
            if isinstance(parts[0], Table)
            else tuple(dict.fromkeys(chain(*parts)))
        )
    # The parts have been checked; together they would only be checked for being there twice.
    return cast(T, schema.model_construct(**values))
