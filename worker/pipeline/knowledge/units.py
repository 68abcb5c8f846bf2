"""Loads `units.toml`: the units of printed sizes."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated

from pydantic import Field, RootModel

from worker.pipeline.knowledge.files import Table, load_table
from worker.pipeline.knowledge.patterns import Phrases


class Unit(Table):
    """A unit: how it is printed behind a number, and the largest number that is still a size."""

    printed: Annotated[Phrases, Field(min_length=1)]
    most: Annotated[int, Field(gt=0)]


class Units(RootModel[dict[str, Unit]]):
    """Units by the name that results use."""


@cache
def load_units() -> Mapping[str, Unit]:
    """Load the units by name, in the order in which they are tried. Raises KnowledgeError."""
    return load_table("units.toml", Units).root
