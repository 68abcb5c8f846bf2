"""What one row, one message or one result is stuck with holds up no other job of the worker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import asyncpg
import pytest
from arq.jobs import serialize_job
from redis.asyncio import Redis

from shared.client import AsyncServiceClient
from shared.contracts.features import Queue
from shared.contracts.jobs import JobStatus
from shared.contracts.outcomes import AttemptOutcome
from shared.settings import Settings
from shared.store.postgres.database import Database
from shared.wire.messages import TASK, encode, queue_key
from tests.support.job_rows import locking
from tests.support.postgres.faults import ask
from tests.support.runners import ITEM, Gate, dairy, worker_with
from tests.support.waiting import wait_until
from worker.features.runners import Product, Work

# A trigger of the installation refuses to end jobs, as if their content were wrong.
REFUSING = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'running' AND NEW.worker_id IS NULL AND OLD.lease_until > now() THEN
        RAISE EXCEPTION USING errcode = '22000';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse BEFORE UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION refuse();
"""
ALLOWED = "DROP TRIGGER refuse ON jobs; DROP FUNCTION refuse"


async def submit(client: AsyncServiceClient, count: int) -> list[UUID]:
    """Submit jobs that differ; return their ids."""
    items = [{**ITEM, "item_name": f"{uuid4()}"} for _ in range(count)]
    return [(await client.submit("categorization", item)).id for item in items]


async def plant(settings: Settings, name: str) -> None:
    """Put a message with any id into the items queue, before all others."""
    async with Redis.from_url(settings.redis_url.get_secret_value()) as redis:
        body = serialize_job(TASK, (), {}, None, 0, serializer=encode)
        await redis.set(f"arq:job:{name}", body)
        await redis.zadd(queue_key(settings.queue_namespace, Queue.ITEMS), {name: 1})


@asynccontextmanager
async def refusing(url: str) -> AsyncIterator[None]:
    """Have Postgres refuse every end of a job while the block runs."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(REFUSING)
        yield
        await connection.execute(ALLOWED)
    finally:
        await connection.close()


async def test_a_locked_row_stops_no_other_ending(
    client: AsyncServiceClient, settings: Settings, database: Database
) -> None:
    """The others end, and keep their leases until they do, however long the row stays locked. Its
    own result is stored when it is free."""
    opened = asyncio.Event()
    runs = 0

    async def run(work: Work) -> Product:
        nonlocal runs
        runs += 1
        await opened.wait()
        return await dairy(work)

    hasty = settings.model_copy(update={"lease": 1, "heartbeat": 0.1, "item_slots": 5})
    async with worker_with(hasty, run):
        jobs = await submit(client, 5)
        await wait_until(lambda: runs == 5, "all jobs ran")
        async with locking(database, jobs[2]):
            # Longer than a lease, so that the heartbeat has to get past the row.
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.await_job(jobs[0]), 1.5)
            opened.set()
            others = [await client.await_job(job, within=5) for job in (*jobs[:2], *jobs[3:])]
            held = await client.job(jobs[2])
            skipped = await ask(
                settings.database_url.get_secret_value(), "SELECT skipped FROM workers"
            )
        last = await client.await_job(jobs[2], within=5)

    assert held.status is JobStatus.RUNNING
    assert skipped
    assert [[a.outcome for a in job.attempts] for job in others] == 4 * [[AttemptOutcome.SUCCEEDED]]
    assert last.status is JobStatus.SUCCEEDED


async def test_a_locked_row_stops_no_other_claim(
    client: AsyncServiceClient, settings: Settings, database: Database
) -> None:
    """The worker takes all other messages, and claims the job when its row is free."""
    one_slot = settings.model_copy(update={"item_slots": 1})
    stuck, *others = await submit(client, 3)
    async with locking(database, stuck), worker_with(one_slot, dairy):
        others += await submit(client, 1)
        done = [await client.await_job(job, within=5) for job in others]
    async with worker_with(one_slot, dairy):
        async with locking(database, stuck):
            done += [await client.await_job(job, within=5) for job in await submit(client, 1)]
        last = await client.await_job(stuck, within=5)

    assert {job.status for job in (*done, last)} == {JobStatus.SUCCEEDED}
    assert len(last.attempts) == 1


async def test_a_job_whose_end_postgres_refuses_runs_once_for_each_lease(
    client: AsyncServiceClient, settings: Settings, database_url: str
) -> None:
    """The job is rescued and counted, so that its budget ends it. Nothing runs it again before."""
    runs = 0

    async def run(work: Work) -> Product:
        nonlocal runs
        runs += 1
        return await dairy(work)

    hasty = settings.model_copy(update={"lease": 1, "heartbeat": 0.3, "reconcile_interval": 0.2})
    async with refusing(database_url), worker_with(hasty, run):
        (job,) = await submit(client, 1)

        async def rescued() -> bool:
            return bool((await client.job(job)).attempts)

        await wait_until(rescued, "the job was rescued")
        first = (await client.job(job)).attempts[0]
        assert runs == 1
    assert first.outcome is AttemptOutcome.CRASHED


@pytest.mark.parametrize("dispatch", ["0", "99999999999", "01"])
async def test_a_message_of_an_impossible_dispatch_is_removed(
    client: AsyncServiceClient, settings: Settings, dispatch: str
) -> None:
    """The messages behind it are taken."""
    await plant(settings, f"{uuid4()}:{dispatch}")
    async with worker_with(settings, dairy):
        job = await client.submit("categorization", ITEM, wait=10)

    assert job.status is JobStatus.SUCCEEDED


async def test_another_spelling_of_a_message_id_runs_nothing(
    client: AsyncServiceClient, settings: Settings
) -> None:
    """The job runs once, though both messages are in the queue."""
    gate = Gate()
    (job,) = await submit(client, 1)
    await plant(settings, f"{str(job).upper()}:1")
    async with worker_with(settings, gate):
        await gate.begun.wait()
        gate.opened.set()
        done = await client.await_job(job, within=5)

    assert (done.status, gate.runs) == (JobStatus.SUCCEEDED, 1)
