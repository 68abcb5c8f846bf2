"""A worker takes messages as soon as they are published or a slot is free."""

import asyncio

import httpx
import pytest
from redis.asyncio import Redis
from sqlalchemy import text, update

from shared.client import AsyncServiceClient
from shared.contracts.features import Queue
from shared.contracts.jobs import JobStatus
from shared.settings import Settings
from shared.store.models import Job
from shared.store.postgres.database import Database
from shared.wire.messages import NewMessage, queue_key
from shared.wire.messenger import Messenger
from tests.support.runners import ITEM, Gate, dairy, worker_with
from tests.support.telemetry.metric_samples import samples
from tests.support.waiting import wait_until

# With one slot, polls alone would take ten seconds for this many jobs.
JOBS = 20


async def test_a_free_slot_takes_the_next_message_at_once(
    client: AsyncServiceClient, settings: Settings
) -> None:
    """Messages may be published while the slot is busy, or before the worker starts."""
    one_slot = settings.model_copy(update={"item_slots": 1})
    for number in range(JOBS):
        await client.submit("categorization", {**ITEM, "item_name": f"before {number}"})
    async with worker_with(one_slot, dairy):
        for number in range(JOBS):
            await client.submit("categorization", {**ITEM, "item_name": f"meanwhile {number}"})

        async def all_succeeded() -> bool:
            found = await client.jobs(status=JobStatus.SUCCEEDED, limit=100)
            return len(found.jobs) == 2 * JOBS

        # By polls alone it would take twenty seconds.
        await wait_until(all_succeeded, "all jobs succeeded", within=10)


async def test_jobs_that_wait_together_share_their_trips(
    client: AsyncServiceClient, settings: Settings
) -> None:
    """Forty jobs are taken, claimed and stored in fewer statements and scripts than jobs."""
    many = settings.model_copy(update={"item_slots": 20})
    for number in range(2 * JOBS):
        await client.submit("categorization", {**ITEM, "item_name": f"{number}"})
    async with Redis.from_url(settings.redis_url.get_secret_value()) as redis:
        scripts = (await redis.info("commandstats"))["cmdstat_evalsha"]["calls"]
        async with worker_with(many, dairy) as worker:

            async def all_succeeded() -> bool:
                found = await client.jobs(status=JobStatus.SUCCEEDED, limit=100)
                return len(found.jobs) == 2 * JOBS

            await wait_until(all_succeeded, "all jobs succeeded", within=10)
            async with httpx.AsyncClient(base_url=worker.url) as http:
                counted = await samples(http)
        scripts = (await redis.info("commandstats"))["cmdstat_evalsha"]["calls"] - scripts

    assert counted["db_client_operation_duration_seconds_count update"] < JOBS
    assert scripts < JOBS


async def test_a_job_that_was_lost_runs_again_when_its_first_run_has_stopped(
    client: AsyncServiceClient, settings: Settings, database: Database, messenger: Messenger
) -> None:
    """A new message comes to the worker that still runs the job, before the heartbeat notices."""
    gate = Gate()
    async with worker_with(settings, gate):
        job = await client.submit("categorization", ITEM)
        await gate.begun.wait()
        async with database.transaction() as session:
            requeued = {"state": "queued", "worker_id": None, "lease_until": None, "dispatch": 2}
            await session.execute(update(Job).values(**requeued))
            row = await session.get_one(Job, job.id)
        await messenger.publish([NewMessage.of(row)])
        await wait_until(lambda: gate.stopped, "the first run was stopped")
        gate.opened.set()
        done = await client.await_job(job.id)

    assert (done.status, gate.runs) == (JobStatus.SUCCEEDED, 2)


async def test_a_claim_that_was_lost_with_postgres_is_made_again(
    client: AsyncServiceClient, settings: Settings, database: Database
) -> None:
    """Postgres crashed before the claim was on its disk. The result of the first run is refused,
    and the message brings the job again."""
    gate = Gate()
    async with worker_with(settings, gate):
        job = await client.submit("categorization", ITEM)
        await gate.begun.wait()
        async with database.transaction() as session:
            unclaimed = {"state": "queued", "worker_id": None, "lease_until": None, "attempt": 0}
            await session.execute(update(Job).values(**unclaimed, started_at=None))
        gate.opened.set()
        done = await client.await_job(job.id)

    assert (done.status, gate.runs) == (JobStatus.SUCCEEDED, 2)
    assert [attempt.number for attempt in done.attempts] == [1]


async def test_a_message_that_was_about_to_be_claimed_is_left_at_a_shutdown(
    client: AsyncServiceClient, settings: Settings, database: Database, messenger: Messenger
) -> None:
    """The claim waits for Postgres when the worker is stopped."""
    job = await client.submit("categorization", ITEM)
    async with Redis.from_url(settings.redis_url.get_secret_value()) as redis:

        async def taken() -> bool:
            return bool(await redis.exists(f"arq:in-progress:{job.id}:1"))

        await redis.delete(queue_key(settings.queue_namespace, Queue.ITEMS))
        async with database.transaction() as session:
            async with worker_with(settings, dairy):
                row = await session.get_one(Job, job.id)
                await session.execute(text("LOCK TABLE jobs IN SHARE MODE"))
                await messenger.publish([NewMessage.of(row)])
                await wait_until(taken, "the message was taken")
            assert not await taken()


async def test_workers_hear_of_the_messages_of_their_queue_only(
    client: AsyncServiceClient, messenger: Messenger
) -> None:
    async with (
        messenger.calls([Queue.ITEMS]) as items,
        messenger.calls([Queue.RECEIPTS]) as receipts,
    ):
        await client.submit("categorization", ITEM)
        async with asyncio.timeout(5):
            assert await anext(items) is Queue.ITEMS
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await anext(receipts)
