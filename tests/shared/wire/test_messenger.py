"""Messages and announcements in Redis, and how the installed version of arq treats them."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from arq import func
from arq.connections import ArqRedis
from arq.worker import Worker
from pydantic import SecretStr

from shared.contracts.features import Queue
from shared.errors import BrokerUnavailable
from shared.settings import Settings
from shared.store.models import Job
from shared.wire.connections import connect_for_polling
from shared.wire.messages import (
    HEAD_START,
    TASK,
    decode,
    encode,
    message_id,
    parse_message_id,
    queue_key,
)
from shared.wire.messenger import Messenger
from tests.support.fronts import nowhere


def a_job(**changes: object) -> Job:
    """Return a job that is not stored, which is all that a message needs."""
    values = {
        "id": uuid4(),
        "dispatch": 1,
        "queue": "items",
        "priority": 0,
        "queued_at": datetime.now(UTC),
        "trace_carrier": {"traceparent": "00-x"},
        **changes,
    }
    return Job(**values)


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[ArqRedis]:
    """A client of Redis, to look at the keys that arq keeps."""
    redis = connect_for_polling(settings)
    yield redis
    await redis.aclose(close_connection_pool=True)


async def test_a_message_is_json_and_holds_ids_only(
    messenger: Messenger, redis: ArqRedis, settings: Settings
) -> None:
    """A message is never pickled, never contains an image, and is named by job and dispatch."""
    job = a_job(dispatch=3)
    await messenger.publish(job)

    message = json.loads(await redis.get(f"arq:job:{job.id}:3"))
    waiting = await redis.zrange(queue_key(settings.queue_namespace, Queue.ITEMS), 0, -1)
    assert (message["f"], message["k"]) == (TASK, {})
    assert message["a"] == [str(job.id), job.trace_carrier]
    assert waiting == [message_id(job.id, 3).encode()]
    assert parse_message_id(waiting[0].decode()) == (job.id, 3)


async def test_publishing_again_is_a_no_op(
    messenger: Messenger, redis: ArqRedis, settings: Settings
) -> None:
    """Nothing is sent while the message is there. A new dispatch makes a new message."""
    job = a_job()
    await messenger.publish(job)
    await messenger.publish(job)
    job.dispatch = 2
    await messenger.publish(job)

    assert await redis.zcard(queue_key(settings.queue_namespace, Queue.ITEMS)) == 2


async def test_urgent_messages_go_first_but_starve_nobody(
    messenger: Messenger, redis: ArqRedis, settings: Settings
) -> None:
    """Priority is a head start in seconds; a message that has waited longer than that is first."""
    now = datetime.now(UTC)
    patient = a_job(queued_at=now - 9 * HEAD_START - timedelta(seconds=1))
    urgent, ordinary = a_job(priority=9, queued_at=now), a_job(queued_at=now)
    for job in (ordinary, urgent, patient):
        await messenger.publish(job)

    key = queue_key(settings.queue_namespace, Queue.ITEMS)
    order = [message_id(job.id, 1).encode() for job in (patient, urgent, ordinary)]
    assert await redis.zrange(key, 0, -1) == order


@pytest.mark.parametrize("ahead", [-3600, 3600])
async def test_no_clock_keeps_a_message_from_being_taken(
    messenger: Messenger,
    redis: ArqRedis,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    ahead: int,
) -> None:
    """The sender's clock is an hour fast or slow, and the worker's is an hour slow."""
    wrong = time.time_ns() // 1_000_000 + ahead * 1000
    monkeypatch.setattr("arq.connections.timestamp_ms", lambda: wrong)
    await messenger.publish(a_job())

    key = queue_key(settings.queue_namespace, Queue.ITEMS)
    slow = time.time_ns() // 1_000_000 - 3_600_000
    assert await redis.zcount(key, "-inf", slow) == 1


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
        for call in (messenger.publish(a_job()), messenger.announce(uuid4()), messenger.ping()):
            with pytest.raises(BrokerUnavailable):
                await call
    await messenger.close()


async def test_arq_removes_messages_it_cannot_read(
    redis: ArqRedis, settings: Settings, messenger: Messenger
) -> None:
    """A pickled message and one without a body are removed without being run.

    The worker goes on with the next message.
    """
    key = queue_key(settings.queue_namespace, Queue.ITEMS)
    await redis.set("arq:job:broken:1", b"\x80\x04pickled")
    await redis.zadd(key, {"broken:1": 1, "without-message:1": 2})
    job = a_job()
    await messenger.publish(job)

    assert await _drain(redis, key) == [message_id(job.id, 1)]
    assert await redis.zcard(key) == 0


async def test_arq_keeps_no_result_that_would_block_a_new_message(
    redis: ArqRedis, settings: Settings, messenger: Messenger
) -> None:
    """With `keep_result=0` the same id can be published again after its message has run."""
    key = queue_key(settings.queue_namespace, Queue.ITEMS)
    job = a_job()
    for _ in range(2):
        await messenger.publish(job)
        assert await _drain(redis, key) == [message_id(job.id, 1)]
        assert await redis.keys(f"arq:*{job.id}*") == []


async def _drain(redis: ArqRedis, key: str) -> list[str]:
    """Run every message of a queue with a function that does nothing; return the ids."""
    ran: list[str] = []

    async def run(ctx: dict[Any, Any], *_args: Any, **_kwargs: Any) -> None:
        ran.append(ctx["job_id"])

    worker = Worker(
        [func(run, name=TASK)],
        redis_pool=redis,
        queue_name=key,
        burst=True,
        poll_delay=0,
        keep_result=0,
        handle_signals=False,
        job_serializer=encode,
        job_deserializer=decode,
    )
    await worker.async_run()
    return ran


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
