"""A paused queue: workers take nothing of it, whichever way they heard, and nothing is lost."""

import httpx
import pytest
from redis.asyncio import Redis
from sqlalchemy import select

from shared.client import AsyncServiceClient
from shared.contracts.features import Queue
from shared.contracts.jobs import JobStatus
from shared.errors import ServiceError
from shared.settings import Settings
from shared.store.models import AuditEntry
from shared.store.postgres.database import Database
from shared.store.queues import pauses
from tests.support.fronts import front_client
from tests.support.runners import ITEM, Gate, dairy, worker_with
from tests.support.telemetry.metric_samples import samples
from worker.jobs.pauses import Pauses


async def test_a_paused_queue_takes_jobs_and_runs_none(
    client: AsyncServiceClient, settings: Settings
) -> None:
    """A job that runs goes on to its end, and what was accepted runs when the queue is resumed."""
    gate = Gate()
    async with worker_with(settings, gate):
        running = await client.submit("categorization", ITEM)
        await gate.begun.wait()
        paused = await client.pause_queue(Queue.ITEMS)
        waiting = await client.submit("categorization", {**ITEM, "item_name": "later"})
        gate.opened.set()
        assert (await client.await_job(running.id)).status is JobStatus.SUCCEEDED
        # A heartbeat and a poll come by.
        still = await client.job(waiting.id, wait=1)
        resumed = await client.resume_queue(Queue.ITEMS)
        done = await client.await_job(waiting.id)

    assert paused.paused is not None
    assert paused.estimated_wait is None
    assert (still.status, gate.runs) == (JobStatus.QUEUED, 2)
    assert resumed.paused is None
    assert done.status is JobStatus.SUCCEEDED


async def test_a_worker_that_starts_or_hears_nothing_knows_of_the_pause(
    client: AsyncServiceClient, settings: Settings, database: Database
) -> None:
    """The rows are the truth, and the heartbeat reads them."""
    quick = settings.model_copy(update={"heartbeat": 0.1, "lease": 15})
    await _change(database, paused=True)
    job = await client.submit("categorization", ITEM)
    async with worker_with(quick, dairy):
        assert (await client.job(job.id, wait=1)).status is JobStatus.QUEUED
        await _change(database, paused=False)
        assert (await client.await_job(job.id)).status is JobStatus.SUCCEEDED


async def test_a_paused_worker_rests(client: AsyncServiceClient, settings: Settings) -> None:
    """Neither waiting jobs nor new ones make it look into the queue."""
    items_only = settings.model_copy(update={"worker_queues": (Queue.ITEMS,)})
    await client.pause_queue(Queue.ITEMS)
    async with (
        Redis.from_url(settings.redis_url.get_secret_value()) as redis,
        worker_with(items_only, dairy),
    ):
        before = await _looks(redis)
        for number in range(10):
            job = await client.submit("categorization", {**ITEM, "item_name": f"{number}"})
        assert (await client.job(job.id, wait=1)).status is JobStatus.QUEUED
        # A worker that is not paused looks once for each job. Others may use the same Redis.
        assert await _looks(redis) - before < 10


async def test_a_pause_is_idempotent_shown_and_audited(
    client: AsyncServiceClient, http: httpx.AsyncClient, database: Database
) -> None:
    """Whoever was first is named. Repeated calls leave no further entry."""
    first = await client.pause_queue(Queue.ITEMS)
    again = await client.pause_queue(Queue.ITEMS)
    ready = (await http.get("/health/ready")).json()
    shown = await samples(http)
    for _ in range(2):
        await client.resume_queue(Queue.ITEMS)
    async with database.transaction() as session:
        entries = (await session.scalars(select(AuditEntry).order_by(AuditEntry.id))).all()

    assert first.paused == again.paused
    assert ready["checks"]["queue"]["status"] == "degraded"
    assert "items" in ready["checks"]["queue"]["error"]
    assert (shown["ai_queue_paused items"], shown["ai_queue_paused receipts"]) == (1, 0)
    assert [(entry.action, entry.actor, entry.subject) for entry in entries] == [
        ("queue.pause", "anybody", "items"),
        ("queue.resume", "anybody", "items"),
    ]


async def test_a_queue_that_does_not_exist_is_not_found(http: httpx.AsyncClient) -> None:
    answer = await http.post("/api/v1/queues/nothing/pause")

    assert (answer.status_code, answer.json()["error"]) == (404, "queue_not_found")


async def test_a_waiting_call_of_a_paused_queue_says_that_its_job_goes_on(
    client: AsyncServiceClient, settings: Settings
) -> None:
    """There are workers, so it does not say that nobody will do it."""
    hasty = settings.model_copy(update={"answer_timeout": 1})
    await client.pause_queue(Queue.ITEMS)
    async with worker_with(settings, dairy), front_client(hasty) as front:
        with pytest.raises(ServiceError) as refused:
            await front.categorize("Milk", ["Dairy"])

    assert refused.value.code == "still_running"


async def _change(database: Database, *, paused: bool) -> None:
    """Pause or resume the queue without a word to anybody."""
    async with database.transaction() as session:
        if paused:
            assert await pauses.pause(session, Queue.ITEMS, "somebody")
        else:
            assert await pauses.resume(session, Queue.ITEMS)


async def _looks(redis: Redis) -> int:
    looks = (await redis.info("commandstats")).get("cmdstat_zrangebyscore", {"calls": 0})
    return int(looks["calls"])


async def test_an_answer_to_an_earlier_question_changes_nothing(database: Database) -> None:
    """A heartbeat may be slower than the question that the word of a pause led to."""
    known = Pauses(database, "worker")
    known.note(pauses.Standing(frozenset({Queue.ITEMS})), 2.0)
    known.note(pauses.Standing(), 1.0)
    assert known.paused(Queue.ITEMS)
    known.note(pauses.Standing(), 3.0)
    assert not known.paused(Queue.ITEMS)
