"""Redis away: those who use it fail at once, and notice when it is back."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from shared.errors import BrokerUnavailable
from shared.settings import Settings
from shared.wire.messenger import Messenger
from tests.support.processes.wire import Wire, wired
from tests.support.waiting import wait_until


@pytest.fixture
async def hanging(settings: Settings) -> AsyncIterator[tuple[Messenger, Wire]]:
    """A messenger that has used its Redis, and the wire to that."""
    async with wired(settings.redis_url.get_secret_value(), 6379) as (wire, url):
        messenger = Messenger(settings.model_copy(update={"redis_url": SecretStr(url)}))
        await messenger.ping()
        yield messenger, wire
        await messenger.close()


async def _is_reached(messenger: Messenger) -> bool:
    try:
        await messenger.ping()
    except BrokerUnavailable:
        return False
    return True


async def test_callers_fail_at_once_while_redis_hangs(hanging: tuple[Messenger, Wire]) -> None:
    """The first one waits for half a second, and nobody else does, one after the other."""
    messenger, wire = hanging
    wire.flowing.clear()
    assert not await _is_reached(messenger)

    begun = time.monotonic()
    reached = [await _is_reached(messenger) for _ in range(60)]

    assert not any(reached)
    # Half a second each would be half a minute.
    assert time.monotonic() - begun < 5
    wire.flowing.set()
    await wait_until(lambda: _is_reached(messenger), "Redis was found to be back")


async def test_callers_fail_at_once_while_redis_refuses_connections(
    hanging: tuple[Messenger, Wire],
) -> None:
    """Sixty who ask at the same time fail, and the messenger can still be closed."""
    messenger, wire = hanging
    await wire.cut()

    reached = await asyncio.gather(*(_is_reached(messenger) for _ in range(60)))

    assert not any(reached)
