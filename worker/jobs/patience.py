"""What has to be done however long it takes: without it a job would be lost, or done twice."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from shared.errors import DatabaseUnavailable


def patiently() -> AsyncRetrying:
    """Attempts until Postgres answers: a worker whose database is away waits and goes on."""
    return AsyncRetrying(
        retry=retry_if_exception_type(DatabaseUnavailable),
        wait=wait_random_exponential(multiplier=0.2, max=2),
    )


async def to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Finish `work` even when cancelled meanwhile, and only then be cancelled."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise
