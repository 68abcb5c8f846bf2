"""Background work: asyncio tasks that run for as long as a block does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import structlog

from shared.errors import Transient
from shared.telemetry.described_errors import describe

log = structlog.get_logger(__name__)

# Seconds after which a task that was cancelled is cancelled again.
_AGAIN = 0.1


@asynccontextmanager
async def background(
    work: Coroutine[Any, Any, None], name: str | None = None
) -> AsyncIterator[None]:
    """Run `work` as an asyncio task called `name`, and cancel it when the block ends."""
    task = asyncio.create_task(work, name=name)
    try:
        yield
    finally:
        await end_tasks([task])


async def end_tasks(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks again and again until all of them have ended.

    One cancellation may not be enough. redis-py sends under `asyncio.wait_for`, which before Python
    3.12 loses a cancellation that arrives together with its result; and arq catches the
    cancellation of a job, and then waits for Redis.
    """
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_AGAIN)


async def end_other_tasks() -> None:
    """End every task of this event loop but the current one, and those that they begin meanwhile.

    `asyncio.run` cancels each only once, and then waits for it without a limit.
    """
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        await end_tasks(others)


def repeating(
    name: str,
    step: Callable[[], Awaitable[object]],
    *,
    pause: float,
    pause_after_failure: float | None = None,
) -> AbstractAsyncContextManager[None]:
    """Repeat `step` in the background during the block, with `pause` seconds after each.

    After a step that failed the pause may be another one.

    An error is logged and does not end the repetition, since the process cannot do without it. That
    a dependency is away is logged once a minute.
    `name` is the name of the task and begins its log events.
    """
    if pause_after_failure is None:
        pause_after_failure = pause
    return background(_repeat(name, step, pause, pause_after_failure), name)


async def _repeat(
    name: str, step: Callable[[], Awaitable[object]], pause: float, pause_after_failure: float
) -> None:
    while True:
        following = pause_after_failure
        try:
            await step()
            following = pause
        except Transient as error:
            log.warning(f"{name}.interrupted", away=True, reason=describe(error.__cause__))
        except Exception:
            log.exception(f"{name}.failed")
        await asyncio.sleep(following)
