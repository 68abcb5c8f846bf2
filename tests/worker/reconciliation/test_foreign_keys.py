"""Whatever another program puts under the keys of a queue or a message, the job is done."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import func, update

from shared.client import AsyncServiceClient
from shared.contracts.features import Queue
from shared.contracts.jobs import JobStatus
from shared.settings import Settings
from shared.store.models import Job
from shared.store.postgres.database import Database
from shared.wire.broker import Broker
from shared.wire.messages import queue_key
from tests.support.runners import ITEM, dairy, worker_with
from tests.support.waiting import wait_until
from worker.reconciliation.messages import MessageRepair
from worker.reconciliation.outbox import Outbox

# Commands that make a value of each type.
TYPES = {
    "string": ("SET", b"\xff\x00 no UTF-8"),
    "list": ("RPUSH", "theirs"),
    "set": ("SADD", "theirs"),
    "hash": ("HSET", "theirs", "1"),
    "stream": ("XADD", "*", "theirs", "1"),
    "zset": ("ZADD", "1", b"\xff\x00 no UTF-8"),
}
# Types that look like ours, so that nothing is moved.
OURS = {"queue": "zset", "arq:job": "string", "arq:retry": "string", "arq:in-progress": None}


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[Any]:
    """Connection to break things with, whose types say too little."""
    async with Redis.from_url(settings.redis_url.get_secret_value()) as redis:
        yield redis


@pytest.mark.parametrize("prefix", ["arq:job", "arq:in-progress", "arq:retry"])
async def test_a_job_is_done_whatever_type_the_keys_of_its_message_have(
    client: AsyncServiceClient, settings: Settings, database: Database, redis: Any, prefix: str
) -> None:
    """Another program has put a value in the place of ours."""
    jobs = [await client.submit("categorization", {**ITEM, "item_name": kind}) for kind in TYPES]
    for job, command in zip(jobs, TYPES.values(), strict=True):
        await _replace(redis, f"{prefix}:{job.id}:1", *command)
    await _let_time_pass(database)
    async with worker_with(settings, dairy):
        for job in jobs:
            assert (await client.await_job(job.id)).status is JobStatus.SUCCEEDED

    assert await _kept(settings, redis) == TYPES.keys() - {OURS[prefix]}


async def test_a_queue_of_any_type_is_moved_aside(
    client: AsyncServiceClient,
    settings: Settings,
    database: Database,
    redis: Any,
    outbox: Outbox,
    broker: Broker,
) -> None:
    """The messages that were in it are sent again."""
    queue = queue_key(settings.queue_namespace, Queue.ITEMS)
    repair = MessageRepair(database, broker, Queue.ITEMS, 60)
    job = await client.submit("categorization", ITEM)
    for kind, command in TYPES.items():
        await _replace(redis, queue, *command)
        await _let_time_pass(database)
        repairs = await repair.step()
        assert await outbox.publish() == repairs.resent == 1
        assert repairs.moved + repairs.removed == 1, kind
        assert await redis.zrange(queue, 0, -1) == [f"{job.id}:1".encode()]

    assert await _kept(settings, redis) == TYPES.keys() - {OURS["queue"]}


async def _kept(settings: Settings, redis: Any) -> set[str]:
    """Return the types of what was moved aside, none of which stays for ever."""
    names = await redis.keys(f"{settings.queue_namespace}:aside:*")
    assert all([await redis.ttl(name) > 0 for name in names])
    return {(await redis.type(name)).decode() for name in names}


async def _replace(redis: Any, key: str, *command: Any) -> None:
    await redis.delete(key)
    await redis.execute_command(command[0], key, *command[1:])


async def _let_time_pass(database: Database) -> None:
    """Let every message have been published long enough ago to be repaired."""
    async with database.transaction() as session:
        await session.execute(
            update(Job)
            .where(Job.published_at.is_not(None))
            .values(published_at=func.now() - func.make_interval(0, 0, 0, 0, 0, 1))
        )


async def test_bytes_that_are_no_text_hold_up_no_queue(
    client: AsyncServiceClient, settings: Settings, redis: Any
) -> None:
    """Entries of another program, at every place of the queue."""
    queue = queue_key(settings.queue_namespace, Queue.ITEMS)
    names = [bytes([byte]) * length for byte in (0, 10, 128, 255) for length in (1, 100, 10_000)]
    for place, name in enumerate(names):
        await redis.zadd(queue, {name: place + 1})
        await redis.set(b"arq:job:" + name, b"\xff\xfe")
    job = await client.submit("categorization", ITEM)
    async with worker_with(settings, dairy):
        assert (await client.await_job(job.id)).status is JobStatus.SUCCEEDED

        async def empty() -> bool:
            return not await redis.zcard(queue)

        await wait_until(empty, "the queue was empty")
