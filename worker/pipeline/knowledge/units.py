"""Loads `units.toml`: the units of printed sizes and quantities."""

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Annotated, Literal

from pydantic import Field, RootModel

from worker.pipeline.knowledge.files import Table, load_table
from worker.pipeline.knowledge.patterns import Phrases, any_of


class Unit(Table):
    """A unit.

    `printed` has how it is printed behind a number, and `alone` the words that are one of it
    without a number; `most` is the largest number that is still a size. One of the unit `holds` so
    many grams, millilitres or pieces, as `base` says.
    """

    printed: Annotated[Phrases, Field(min_length=1)]
    alone: Phrases = ()
    most: Annotated[int, Field(gt=0)]
    base: Literal["g", "ml", "piece"]
    holds: Annotated[Decimal, Field(gt=0, strict=False)]

    @property
    def is_counted(self) -> bool:
        """Whether things of this unit are counted, not weighed or measured."""
        return self.base == "piece"


class Units(RootModel[dict[str, Unit]]):
    """Units by the name that results use."""


@cache
def load_units() -> Mapping[str, Unit]:
    """Load the units by name, in the order in which they are tried. Raises KnowledgeError."""
    return load_table("units.toml", Units).root


def unit_named(printed: str) -> str | None:
    """Return the name of the unit that is printed so, with or without a dot; None if unknown."""
    word = printed.strip(" .")
    return next((name for name, words in _words() if words.fullmatch(word)), None)


def any_unit(*, counted: bool | None = None) -> str:
    """Return a pattern for the printed forms of units: all, the counted ones, or the others."""
    return any_of(
        dict.fromkeys(
            phrase
            for unit in load_units().values()
            if counted is None or unit.is_counted is counted
            for phrase in unit.printed
        )
    )


@cache
def _words() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (name, re.compile(any_of(unit.printed), re.IGNORECASE))
        for name, unit in load_units().items()
    )
