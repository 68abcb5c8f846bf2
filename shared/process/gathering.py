"""Gathers what one asyncio task asks for until another takes many of them at once."""

import asyncio
from collections.abc import Hashable
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class Gathering(Generic[T]):
    """Values that wait to be taken, each once, in the order in which they were first added."""

    def __init__(self) -> None:
        self._values: dict[T, None] = {}
        self._some = asyncio.Event()

    def __len__(self) -> int:
        """Return how many values wait."""
        return len(self._values)

    def add(self, *values: T) -> None:
        """Add values, unless they are waiting already."""
        if values:
            self._values.update(dict.fromkeys(values))
            self._some.set()

    async def take(self, most: int | None = None) -> list[T]:
        """Wait for at least one value, then take all, or at most so many; the others stay."""
        await self._some.wait()
        taken = list(islice(self._values, most))
        for value in taken:
            del self._values[value]
        if not self._values:
            self._some.clear()
        return taken
