"""A drained worker takes nothing more, finishes what it runs, and others take what waits."""

import httpx
import pytest
from sqlalchemy import select

from shared.client import AsyncServiceClient
from shared.contracts.features import Queue
from shared.contracts.jobs import JobStatus
from shared.contracts.service.workers import WorkerHealth
from shared.errors import ServiceError
from shared.settings import Settings
from shared.store.models import AuditEntry
from shared.store.postgres.database import Database
from tests.support.runners import ITEM, Gate, dairy, worker_with


async def test_a_drained_worker_finishes_its_job_and_leaves_the_others(
    client: AsyncServiceClient, settings: Settings
) -> None:
    """The worker stays up and serves nothing, until it is resumed. Another takes what waits."""
    gate = Gate()
    async with worker_with(settings, gate) as drained:
        running = await client.submit("categorization", ITEM)
        await gate.begun.wait()
        view = await client.drain_worker(drained.id)
        waiting = await client.submit("categorization", {**ITEM, "item_name": "later"})
        gate.opened.set()
        assert (await client.await_job(running.id)).status is JobStatus.SUCCEEDED
        # A poll comes by.
        still = await client.job(waiting.id, wait=1)
        unserved = await client.queues()
        async with worker_with(settings, dairy):
            taken = await client.await_job(waiting.id)
        listed = (await client.workers()).workers
        last = await client.submit("categorization", {**ITEM, "item_name": "last"})
        await client.resume_worker(drained.id)
        done = await client.await_job(last.id)

    assert view.draining_since is not None
    assert (view.queues, set(view.slots)) == ([], set(Queue))
    assert (still.status, [queue.workers for queue in unserved.queues]) == (
        JobStatus.QUEUED,
        [0, 0],
    )
    assert taken.status is done.status is JobStatus.SUCCEEDED
    assert [worker.health for worker in listed] == [WorkerHealth.ALIVE, WorkerHealth.GONE]
    assert gate.runs == 2


async def test_a_heartbeat_is_enough_to_hear_of_it(
    client: AsyncServiceClient, settings: Settings, database: Database
) -> None:
    """Nobody published anything, as while Redis is away."""
    often = settings.model_copy(update={"heartbeat": 0.05})
    async with worker_with(often, dairy) as worker:
        await client.drain_worker(worker.id)
        beaten = (await client.workers()).workers[0].seen_at
        while (now := (await client.workers()).workers[0]).seen_at == beaten:
            assert now.draining_since
        assert now.queues == []
        await client.resume_worker(worker.id)
        while not (await client.workers()).workers[0].queues:
            assert worker.phase == "ready"
        job = await client.submit("categorization", ITEM)
        assert (await client.await_job(job.id)).status is JobStatus.SUCCEEDED


async def test_each_change_is_audited_once(
    client: AsyncServiceClient, settings: Settings, database: Database
) -> None:
    async with worker_with(settings, dairy) as worker:
        for _ in range(2):
            await client.drain_worker(worker.id)
        for _ in range(2):
            await client.resume_worker(worker.id)
    async with database.transaction() as session:
        entries = (await session.scalars(select(AuditEntry).order_by(AuditEntry.id))).all()

    assert [(entry.action, entry.actor, entry.subject) for entry in entries] == [
        ("worker.drain", "anybody", worker.id),
        ("worker.resume", "anybody", worker.id),
    ]


async def test_a_worker_that_does_not_exist_is_not_found(
    client: AsyncServiceClient, http: httpx.AsyncClient
) -> None:
    with pytest.raises(ServiceError) as refused:
        await client.drain_worker("nobody:1:2")

    assert refused.value.code == "worker_not_found"
    assert (await http.post("/api/v1/workers/nobody/resume")).status_code == 404
