"""Announcements in Redis, and what happens if Redis is away."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from arq.connections import ArqRedis
from pydantic import SecretStr

from shared.contracts.features import Queue
from shared.errors import BrokerUnavailable
from shared.settings import Settings
from shared.wire.connections import connect_for_polling
from shared.wire.messenger import Messenger
from tests.support.fronts import nowhere


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[ArqRedis]:
    """A client of Redis, to look at the keys that arq keeps."""
    redis = connect_for_polling(settings)
    yield redis
    await redis.aclose(close_connection_pool=True)


async def test_announcements_reach_every_listener(messenger: Messenger) -> None:
    """A listener gets every announcement from the start of its block on."""
    job_id = uuid4()
    async with messenger.news() as first, messenger.news() as second:
        await messenger.announce(job_id)
        async with asyncio.timeout(5):
            assert await anext(first) == await anext(second) == job_id


async def test_a_broker_that_is_away_fails_fast(settings: Settings) -> None:
    """Callers are waiting meanwhile."""
    messenger = Messenger(settings.model_copy(update={"redis_url": nowhere("redis")}))
    async with asyncio.timeout(5):
        for call in (
            messenger.publish_listened([uuid4()]),
            messenger.announce(uuid4()),
            messenger.ping(),
        ):
            with pytest.raises(BrokerUnavailable):
                await call
    await messenger.close()


async def test_only_redis_makes_the_broker_unavailable(messenger: Messenger) -> None:
    """An error of anything else that is done while listening keeps its name."""
    error = ConnectionResetError("Postgres")
    with pytest.raises(ConnectionResetError) as raised:
        async with messenger.news():
            raise error

    assert raised.value is error


async def test_callers_do_not_wait_for_the_failures_of_others(settings: Settings) -> None:
    """Redis hangs: somebody takes every connection and never answers on it."""

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1000):
            pass
        writer.close()

    async with await asyncio.start_server(hang, "127.0.0.1", 0) as server:
        url = SecretStr(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0")
        messenger = Messenger(settings.model_copy(update={"redis_url": url}))
        began = time.monotonic()
        outcomes = await asyncio.gather(
            *(messenger.ping() for _ in range(40)), return_exceptions=True
        )
        took = time.monotonic() - began
        await messenger.close()

    assert {type(outcome) for outcome in outcomes} == {BrokerUnavailable}
    # One after the other, they would take 20 s.
    assert took < 12


@asynccontextmanager
async def scripted_redis(
    settings: Settings, reply: Callable[[list[str]], list[bytes]]
) -> AsyncIterator[Messenger]:
    """Run a Redis that confirms subscriptions with `reply`, and yield a messenger of it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readline():
            words = []
            for _ in range(int(head[1:])):
                length = int((await reader.readline())[1:])
                words.append((await reader.readexactly(length + 2))[:-2].decode())
            parts = reply(words[1:]) if words[0] == "SUBSCRIBE" else [b"+OK\r\n"]
            writer.write(b"".join(parts))
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        url = SecretStr(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0")
        messenger = Messenger(settings.model_copy(update={"redis_url": url}))
        yield messenger
        await messenger.close()


def pushed(*words: str | int) -> bytes:
    """Return an array as Redis sends it to a subscriber."""
    parts = [f":{w}" if isinstance(w, int) else f"${len(w)}\r\n{w}" for w in words]
    return f"*{len(words)}\r\n{''.join(part + chr(13) + chr(10) for part in parts)}".encode()


async def test_what_is_announced_between_two_confirmations_is_received(settings: Settings) -> None:
    """Redis confirms one channel after the other, and messages may come between them."""
    job_id = uuid4()

    def reply(channels: list[str]) -> list[bytes]:
        first, second = channels
        message = pushed("message", first, str(job_id))
        return [pushed("subscribe", first, 1), message, pushed("subscribe", second, 2)]

    async with scripted_redis(settings, reply) as messenger, messenger.news() as news:
        async with asyncio.timeout(5):
            assert await anext(news) == job_id


async def test_a_channel_that_is_not_confirmed_is_no_subscription(settings: Settings) -> None:
    """The listener would hear nothing of it, and not know."""
    async with scripted_redis(
        settings, lambda all_: [pushed("subscribe", all_[0], 1)]
    ) as messenger:
        with pytest.raises(BrokerUnavailable):
            await messenger.news().__aenter__()


async def test_a_message_that_cannot_be_understood_is_skipped(
    messenger: Messenger, redis: ArqRedis, settings: Settings
) -> None:
    """Whoever shares Redis may publish anything, and a newer version sends what it likes."""
    name, job_id = settings.queue_namespace, uuid4()
    async with messenger.news() as news, messenger.calls([Queue.ITEMS]) as calls:
        for channel in ("finished", "stages", "listened"):
            await redis.publish(f"{name}:{channel}", b"\xff no id")
        await messenger.announce(job_id)
        await messenger.publish_listened([job_id])
        async with asyncio.timeout(5):
            assert (await anext(news), await anext(calls)) == (job_id, [job_id])
