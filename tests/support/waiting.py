"""Waits for a condition, with a deadline instead of a sleep of a guessed length."""

import asyncio
import time
from collections.abc import Awaitable, Callable


async def wait_until(
    ready: Callable[[], Awaitable[bool] | bool], what: str, within: float = 10, pause: float = 0.01
) -> None:
    """Call `ready()` every `pause` seconds until it is true; fail with `what` after `within`
    seconds."""
    deadline = time.monotonic() + within
    while True:
        result = ready()
        if await result if isinstance(result, Awaitable) else result:
            return
        assert time.monotonic() < deadline, f"{what} did not happen within {within} s"
        await asyncio.sleep(pause)
