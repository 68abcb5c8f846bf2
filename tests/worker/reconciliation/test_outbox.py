"""The outbox: many messages go out together, and one that cannot be sent stays behind alone."""

from redis.asyncio import Redis
from sqlalchemy import select, update

from shared.client import AsyncServiceClient
from shared.contracts.features import Queue
from shared.settings import Settings
from shared.store.models import Job
from shared.store.postgres.database import Database
from shared.wire.messages import NewMessage, queue_key
from shared.wire.messenger import Messenger
from tests.support.fronts import front_client, nowhere
from tests.support.runners import ITEM
from worker.reconciliation.outbox import publish_deferred


async def test_a_message_that_cannot_be_sent_holds_up_no_other(
    settings: Settings, database: Database, messenger: Messenger
) -> None:
    """Another program has put something else under its key."""
    deaf = settings.model_copy(update={"redis_url": nowhere("redis")})
    async with front_client(deaf) as front:
        jobs = [await front.submit("categorization", ITEM) for _ in range(3)]
    async with database.transaction() as session:
        stuck = NewMessage.of(await session.get_one(Job, jobs[0].id))
    async with Redis.from_url(settings.redis_url.get_secret_value()) as redis:
        await redis.lpush(f"arq:job:{stuck.id}", "something else")
        published = await publish_deferred(database, messenger)
        listed = await redis.zcard(queue_key(settings.queue_namespace, Queue.ITEMS))
        deferred = await _deferred(database)
        await redis.delete(f"arq:job:{stuck.id}")

    assert (published, listed, deferred) == (2, 2, [jobs[0].id])
    assert await publish_deferred(database, messenger) == 1
    assert await _deferred(database) == []


async def test_a_front_leaves_such_a_message_to_the_outbox(
    client: AsyncServiceClient, settings: Settings, database: Database
) -> None:
    """The job is accepted all the same."""
    async with Redis.from_url(settings.redis_url.get_secret_value()) as redis:
        await redis.set(queue_key(settings.queue_namespace, Queue.ITEMS), "no queue")
        job = await client.submit("categorization", ITEM)

    assert job.dispatch == "deferred"
    assert await _deferred(database) == [job.id]


async def test_a_job_that_moved_on_is_not_noted_as_published(
    settings: Settings, database: Database, messenger: Messenger
) -> None:
    """Jobs that are not due yet, and those that have ended, stay as they are."""
    deaf = settings.model_copy(update={"redis_url": nowhere("redis")})
    async with front_client(deaf) as front:
        await front.submit("categorization", ITEM)
    async with database.transaction() as session:
        await session.execute(update(Job).values(state="cancelled"))

    assert await publish_deferred(database, messenger) == 0


async def _deferred(database: Database) -> list[object]:
    async with database.transaction() as session:
        return list((await session.scalars(select(Job.id).where(Job.published_at.is_(None)))).all())
