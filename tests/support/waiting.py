"""Waiting for what happens by itself, with a deadline and no sleep of a guessed length."""

import asyncio
import time
from collections.abc import Awaitable, Callable


async def wait_until(
    ready: Callable[[], Awaitable[bool] | bool], what: str, within: float = 10, pause: float = 0.01
) -> None:
    """Ask `ready()` every `pause` seconds; fail with `what` after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        result = ready()
        if await result if isinstance(result, Awaitable) else result:
            return
        assert time.monotonic() < deadline, f"{what} did not happen within {within} s"
        await asyncio.sleep(pause)
