"""Writes that have to get through: without them a job would be lost, or done twice."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from shared.errors import DatabaseUnavailable
from shared.store.database import Database, Session

T = TypeVar("T")

# Seconds: the first pause is up to this long, and none is longer than the second.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 2


async def committed(database: Database, work: Callable[[Session], Awaitable[T]]) -> T:
    """Run `work` in a transaction of its own, again and again until Postgres has committed it;
    returns what `work` returned. Other errors than DatabaseUnavailable pass through."""

    async def transaction() -> T:
        async with database.transaction() as session:
            return await work(session)

    return await until_database_answers(transaction)


async def until_database_answers(work: Callable[[], Awaitable[T]]) -> T:
    """Run `work` again and again for as long as it raises DatabaseUnavailable: a worker whose
    database is away waits and goes on."""
    attempts = AsyncRetrying(
        retry=retry_if_exception_type(DatabaseUnavailable),
        wait=wait_random_exponential(multiplier=_FIRST_PAUSE, max=_LONGEST_PAUSE),
    )
    return await attempts(work)


async def uninterrupted(work: Coroutine[Any, Any, None]) -> None:
    """Finish `work` even when cancelled meanwhile, and only then be cancelled."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise
