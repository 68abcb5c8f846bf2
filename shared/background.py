"""Work that goes on beside everything else, for as long as a process lives."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import structlog

from shared.errors import Transient

log = structlog.get_logger(__name__)


@asynccontextmanager
async def background(
    work: Coroutine[Any, Any, None], name: str | None = None
) -> AsyncIterator[None]:
    """Run `work` beside the block, as a task of that name, and end it with the block."""
    task = asyncio.create_task(work, name=name)
    try:
        yield
    finally:
        # More than once if need be: redis-py sends under `asyncio.wait_for`, which before Python
        # 3.12 loses a cancellation that arrives together with its result.
        while not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=0.1)


def repeating(
    name: str, step: Callable[[], Awaitable[object]], *, pause: float
) -> AbstractAsyncContextManager[None]:
    """Beside the block, take a step, pause for some seconds, and again. A step that fails is logged
    and taken again: no error may end what a process cannot do without."""
    return background(_repeat(name, step, pause), name)


async def _repeat(name: str, step: Callable[[], Awaitable[object]], pause: float) -> None:
    while True:
        try:
            await step()
        except Transient as error:
            log.warning(f"{name}.interrupted", reason=repr(error.__cause__))
        except Exception:
            log.exception(f"{name}.failed")
        await asyncio.sleep(pause)
