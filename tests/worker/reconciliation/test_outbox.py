"""The outbox: many messages go out together, and one that cannot be sent holds up no other."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from redis.asyncio import Redis
from sqlalchemy import select, update

from shared.client import AsyncServiceClient
from shared.contracts.features import Queue
from shared.settings import Settings
from shared.store.models import Job
from shared.store.postgres.database import Database
from shared.wire.broker import Broker
from shared.wire.messages import queue_key
from shared.wire.messenger import Messenger
from tests.support.fronts import front_client, nowhere
from tests.support.runners import ITEM
from worker.reconciliation.outbox import Outbox
from worker.telemetry.job_metrics import JobMetrics


async def deferred(settings: Settings, count: int) -> list[UUID]:
    """Submit jobs while Redis is away, and return their ids."""
    deaf = settings.model_copy(update={"redis_url": nowhere("redis")})
    async with front_client(deaf) as front:
        return [(await front.submit("categorization", ITEM)).id for _ in range(count)]


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[Any]:
    """Connection to break things with, whose types say too little."""
    async with Redis.from_url(settings.redis_url.get_secret_value()) as redis:
        yield redis


async def test_what_others_put_under_a_key_is_moved_aside(
    settings: Settings, outbox: Outbox, redis: Any, registry: CollectorRegistry
) -> None:
    """Nothing of theirs is lost, and the message is sent at once."""
    job_ids = await deferred(settings, 3)
    body = f"arq:job:{job_ids[0]}:1"
    await redis.lpush(body, "something else")

    assert await outbox.publish() == 3
    (aside,) = await redis.keys(f"{settings.queue_namespace}:aside:{body}:*")
    assert await redis.lrange(aside, 0, -1) == [b"something else"]
    assert 6 * 86_400 < await redis.ttl(aside) <= 7 * 86_400
    assert await redis.type(body) == b"string"
    assert registry.get_sample_value("ai_broker_foreign_total", {"queue": "items"}) == 1
    assert registry.get_sample_value("ai_outbox_skipped_total", {"queue": "items"}) == 0


async def test_messages_that_cannot_be_sent_hold_up_no_others(
    settings: Settings, database: Database, redis: Any
) -> None:
    """The first pages of the outbox are full of them, and Redis allows nobody to rename keys."""
    stuck = await deferred(settings, 4)
    fine = await deferred(settings, 3)
    for job_id in stuck:
        await redis.lpush(f"arq:job:{job_id}:1", "something else")
    registry = CollectorRegistry()
    async with (
        _without_rename(settings, redis) as limited,
        _outbox(limited, database, registry) as outbox,
    ):
        assert [await outbox.publish() for _ in range(3)] == [2, 1, 0]

    assert await _deferred(database) == stuck
    assert await redis.zcard(queue_key(settings.queue_namespace, Queue.ITEMS)) == len(fine)
    assert registry.get_sample_value("ai_outbox_skipped_total", {"queue": "items"}) == 12
    async with _outbox(settings, database, CollectorRegistry()) as outbox:
        assert await outbox.publish() == 2
    assert await _deferred(database) == stuck[2:]


@asynccontextmanager
async def _without_rename(settings: Settings, redis: Any) -> AsyncIterator[Settings]:
    """Yield the settings of a user of Redis who may not rename keys."""
    user = settings.queue_namespace
    await redis.execute_command(
        "ACL", "SETUSER", user, "on", ">secret", "~*", "&*", "+@all", "-rename"
    )
    try:
        url = urlsplit(settings.redis_url.get_secret_value())
        host = url.netloc.rpartition("@")[2]
        limited = url._replace(netloc=f"{user}:secret@{host}").geturl()
        yield settings.model_copy(update={"redis_url": SecretStr(limited)})
    finally:
        await redis.execute_command("ACL", "DELUSER", user)


@asynccontextmanager
async def _outbox(
    settings: Settings, database: Database, registry: CollectorRegistry
) -> AsyncIterator[Outbox]:
    messenger, broker = Messenger(settings), Broker(settings)
    try:
        yield Outbox(database, messenger, broker, JobMetrics(registry, [Queue.ITEMS]), chunk=2)
    finally:
        await messenger.close()
        await broker.close()


async def test_a_front_leaves_such_a_message_to_the_outbox(
    client: AsyncServiceClient, settings: Settings, database: Database, outbox: Outbox, redis: Any
) -> None:
    """The job is accepted all the same, and a queue that is none is moved aside too."""
    await redis.set(queue_key(settings.queue_namespace, Queue.ITEMS), "no queue")
    job = await client.submit("categorization", ITEM)

    assert job.dispatch == "deferred"
    assert await _deferred(database) == [job.id]
    assert await outbox.publish() == 1


async def test_a_job_that_moved_on_is_not_noted_as_published(
    settings: Settings, database: Database, outbox: Outbox
) -> None:
    """Jobs that are not due yet, and those that have ended, stay as they are."""
    await deferred(settings, 1)
    async with database.transaction() as session:
        await session.execute(update(Job).values(state="cancelled"))

    assert await outbox.publish() == 0


async def _deferred(database: Database) -> Sequence[UUID]:
    waiting = select(Job.id).where(Job.published_at.is_(None)).order_by(Job.queued_at)
    async with database.transaction() as session:
        return list((await session.scalars(waiting)).all())
