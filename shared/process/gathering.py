"""Gathers what one asyncio task asks for until another takes all of it at once."""

import asyncio
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class Gathering(Generic[T]):
    """Values that wait to be taken, each once, in the order in which they were first added."""

    def __init__(self) -> None:
        self._values: dict[T, None] = {}
        self._some = asyncio.Event()

    def add(self, *values: T) -> None:
        """Add values, unless they are waiting already."""
        if values:
            self._values.update(dict.fromkeys(values))
            self._some.set()

    async def take(self) -> list[T]:
        """Wait for at least one value, then take all."""
        await self._some.wait()
        self._some.clear()
        taken, self._values = list(self._values), {}
        return taken
