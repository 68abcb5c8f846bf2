"""Repeats what Postgres has to answer until it does; else jobs would be lost, or done twice."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from shared.errors import DatabaseUnavailable, ServiceError
from shared.store.postgres.database import Database, Session

T = TypeVar("T")

# The longest that the first pause, and any pause, may be, in seconds.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 2


async def committed(database: Database, work: Callable[[Session], Awaitable[T]]) -> T:
    """Run `work` in a transaction of its own until Postgres has committed it, and return its
    result. Errors other than DatabaseUnavailable pass through."""

    async def transaction() -> T:
        async with database.transaction() as session:
            return await work(session)

    return await until_database_answers(transaction)


async def until_database_answers(
    work: Callable[[], Awaitable[T]], *awaited: type[ServiceError]
) -> T:
    """Repeat `work`, with pauses, for as long as it raises DatabaseUnavailable or one of the
    `awaited` errors, and return its result. Other errors pass through."""
    attempts = AsyncRetrying(
        retry=retry_if_exception_type((DatabaseUnavailable, *awaited)),
        wait=wait_random_exponential(multiplier=_FIRST_PAUSE, max=_LONGEST_PAUSE),
    )
    return await attempts(work)


async def uninterrupted(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end; raise CancelledError after that if the caller was cancelled."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise
