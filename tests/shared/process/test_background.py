"""Background work: it ends with its block, and no error ends it before."""

import asyncio
import random

import pytest

from shared.errors import DatabaseUnavailable
from shared.process.background import background, repeating
from shared.settings import Settings
from shared.wire.connections import connect_for_polling
from tests.support.waiting import wait_until


async def test_a_redis_loop_ends_whenever_it_is_cancelled(settings: Settings) -> None:
    """If redis-py swallowed a cancellation, a worker would never stop.

    On Python 3.11 it swallows about one in ten in a loop as busy as this.
    """
    redis = connect_for_polling(settings)

    async def poll() -> None:
        while True:
            await redis.zrangebyscore("nothing", "-inf", "+inf")

    for _ in range(100):
        async with asyncio.timeout(5), background(poll()):
            for _ in range(random.randrange(20)):
                await asyncio.sleep(0)
    await redis.aclose(close_connection_pool=True)


@pytest.mark.parametrize("error", [DatabaseUnavailable(), ZeroDivisionError()])
async def test_a_step_that_fails_is_repeated(error: Exception) -> None:
    """Expected errors and bugs are both followed by another step."""
    steps = 0

    async def step() -> None:
        nonlocal steps
        steps += 1
        raise error

    async with repeating("test", step, pause=0):
        await wait_until(lambda: steps >= 3, "three steps were done")
