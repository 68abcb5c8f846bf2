"""What many viewers ask for at once, made once for all of them."""

import asyncio
import math
import time
from collections.abc import Callable, Coroutine, Hashable
from contextvars import Context
from typing import Any, TypeVar

from shared.process.background import end_tasks

T = TypeVar("T")

# Seconds after which what nobody asks for is forgotten.
_FORGOTTEN = 60.0


class Recent:
    """Values by key, each made when somebody asks for one that is too old. At rest it does nothing.

    A value is made outside the trace of whoever asks, since it is for others too.
    """

    def __init__(self) -> None:
        self._made: dict[Hashable, tuple[float, asyncio.Task[Any]]] = {}

    async def get(
        self, key: Hashable, max_age: float, make: Callable[[], Coroutine[Any, Any, T]]
    ) -> T:
        """Return the value of a key, at most `max_age` seconds old. Raises what `make` raises."""
        now = time.monotonic()
        begun_at, task = self._made.get(key, (-math.inf, None))
        if task is None or now - begun_at >= max_age or _has_failed(task):
            self._forget(now)
            task = asyncio.create_task(make(), name="console.recent", context=Context())
            # All who asked may have left by the time it fails, which would be logged otherwise.
            task.add_done_callback(_has_failed)
            self._made[key] = now, task
        value: T = await asyncio.shield(task)
        return value

    @property
    def is_idle(self) -> bool:
        """Whether nobody has asked for anything."""
        return not self._made

    async def close(self) -> None:
        """End what is still being made."""
        await end_tasks(task for _, task in self._made.values())

    def _forget(self, now: float) -> None:
        for key, (begun_at, task) in list(self._made.items()):
            if task.done() and now - begun_at > _FORGOTTEN:
                del self._made[key]


def _has_failed(task: asyncio.Task[Any]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
