"""Waits for a condition, with a deadline instead of a sleep of a guessed length."""

import asyncio
import time
from collections.abc import Awaitable, Callable


async def wait_until(
    ready: Callable[[], Awaitable[bool] | bool], what: str, within: float = 10, pause: float = 0.01
) -> None:
    """Call `ready()` every `pause` seconds until it is true; fail after `within` seconds.

    `what` is a clause in the past tense that says what is waited for, such as "the job ended".
    """
    deadline = time.monotonic() + within
    while True:
        result = ready()
        if await result if isinstance(result, Awaitable) else result:
            return
        assert time.monotonic() < deadline, f"waited {within} s in vain until {what}"
        await asyncio.sleep(pause)
