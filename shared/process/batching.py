"""Does at once what many callers ask for while the same was done for others.

Nobody waits on a timer: a caller who comes when nothing is under way is served by itself.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context, copy_context
from copy import copy
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from shared.errors import ServiceError

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class _Asked(Generic[T, R]):
    value: T
    weight: int
    answer: asyncio.Future[R]
    context: Context


class Batches(Generic[T, R]):
    """Gathers the values of concurrent callers, and passes them on in batches."""

    def __init__(
        self,
        work: Callable[[Sequence[T]], Awaitable[Sequence[R | Exception]]],
        *,
        most: int,
        heaviest: int | None = None,
        at_once: int = 1,
    ) -> None:
        """Call `work` with at most `most` values, and at most `at_once` times at the same time.

        `work` returns a result for each value, in their order, or the exception that its caller
        shall raise; all of them raise what `work` raises. A batch is at most as heavy as
        `heaviest`, unless it has only one value.
        """
        self._work = work
        self._most = most
        self._heaviest = heaviest
        self._at_once = at_once
        self._waiting: deque[_Asked[T, R]] = deque()
        self._working: set[asyncio.Task[None]] = set()
        self._starting = False

    async def add(self, value: T, weight: int = 0) -> R:
        """Have a value worked on, and return its result.

        The work goes on if its caller goes away. It runs in the context of the first caller of its
        batch, so a batch belongs to that caller's trace.
        """
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        answer.add_done_callback(_retrieve)
        self._waiting.append(_Asked(value, weight, answer, copy_context()))
        self._begin()
        return await asyncio.shield(answer)

    async def close(self) -> None:
        """Wait until what was asked for is done."""
        while self._working:
            await asyncio.wait(self._working)

    def _begin(self) -> None:
        if self._waiting and not self._starting and len(self._working) < self._at_once:
            # The batch is taken when the task runs, so whoever is about to ask is still in it.
            self._starting = True
            task = asyncio.create_task(self._serve(), context=self._waiting[0].context)
            self._working.add(task)
            task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._working.discard(task)
        self._begin()

    async def _serve(self) -> None:
        self._starting = False
        batch = self._take()
        self._begin()
        try:
            results = await self._work([asked.value for asked in batch])
            for asked, result in zip(batch, results, strict=True):
                if isinstance(result, Exception):
                    asked.answer.set_exception(_own(result))
                else:
                    asked.answer.set_result(result)
        except Exception as error:
            # Whoever asked raises it.
            for asked in batch:
                asked.answer.set_exception(_own(error))
        finally:
            for asked in batch:
                asked.answer.cancel()

    def _take(self) -> list[_Asked[T, R]]:
        batch: list[_Asked[T, R]] = []
        weight = 0
        while self._waiting and len(batch) < self._most:
            weight += self._waiting[0].weight
            if batch and self._heaviest is not None and weight > self._heaviest:
                break
            batch.append(self._waiting.popleft())
        return batch


def _own(error: Exception) -> Exception:
    """Return an error for one caller, to whose traceback no other caller adds."""
    if not isinstance(error, ServiceError):
        return error
    own = copy(error).with_traceback(error.__traceback__)
    own.__cause__ = error.__cause__
    return own


def _retrieve(answer: asyncio.Future[Any]) -> None:
    """Look at an error for which nobody waits any more, so that it is not reported as forgotten."""
    if not answer.cancelled():
        answer.exception()
