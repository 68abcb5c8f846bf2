"""Long loops of an event loop that let other tasks run in between."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

T = TypeVar("T")

# So many entries of a batch take a few milliseconds.
_WITHOUT_BREAK = 20


async def yielding(values: Iterable[T]) -> AsyncIterator[T]:
    """Yield the values; after some of them, other tasks of the event loop run first."""
    for number, value in enumerate(values, 1):
        yield value
        if number % _WITHOUT_BREAK == 0:
            await asyncio.sleep(0)
