"""Long loops of an event loop, during which other tasks have their turns."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

T = TypeVar("T")

# A turn with so many entries of a batch takes a few milliseconds.
_OF_A_TURN = 20


async def in_turns(values: Iterable[T]) -> AsyncIterator[T]:
    """Yield the values; after some of them, other tasks of the event loop run first."""
    for number, value in enumerate(values, 1):
        yield value
        if number % _OF_A_TURN == 0:
            await asyncio.sleep(0)
