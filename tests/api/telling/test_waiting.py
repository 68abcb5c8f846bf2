"""Waiting for jobs: by announcements, by queries if one is lost, and without a connection."""

import asyncio

import httpx
from fastapi import FastAPI
from redis.asyncio import Redis
from sqlalchemy import text

from api.front import Front
from shared.client import AsyncServiceClient
from shared.contracts.jobs import JobError, JobStatus
from shared.errors import ErrorClass
from shared.settings import Settings
from shared.store.hot.storing import AttemptRecord
from shared.store.postgres.database import Database
from tests.support import holding
from tests.support.runners import ITEM, Gate, dairy, worker_with
from tests.support.waiting import wait_until


async def test_waiting_holds_no_database_connection(
    client: AsyncServiceClient, settings: Settings, database: Database
) -> None:
    """The pool of the front is idle while a hundred callers wait."""
    gate = Gate()
    async with worker_with(settings, gate):
        job = await client.submit("categorization", ITEM)
        await gate.begun.wait()
        calls = [asyncio.create_task(client.job(job.id, wait=30)) for _ in range(100)]
        await wait_until(lambda: _idle(database), "the front's connections became idle")
        assert not any(call.done() for call in calls)
        gate.opened.set()
        seen = await asyncio.gather(*calls)

    assert {job.status for job in seen} == {JobStatus.SUCCEEDED}


async def test_a_job_is_found_without_its_announcement(
    client: AsyncServiceClient, database: Database
) -> None:
    """The query once a second finds it."""
    job = await client.submit("categorization", ITEM)
    call = asyncio.create_task(client.job(job.id, wait=10))
    async with database.transaction() as session:
        held = await holding.claim(session, job.id, dispatch=1, worker_id="w", lease=15)
        assert held is not None
        error = JobError(
            code="c", error_class=ErrorClass.BAD_INPUT, detail="Sorry.", retryable=False
        )
        await holding.fail(session, held, AttemptRecord(stages=[], trace_id=None), error)

    assert (await call).status is JobStatus.FAILED


async def test_a_broken_subscription_is_replaced(
    app: FastAPI, client: AsyncServiceClient, http: httpx.AsyncClient, settings: Settings
) -> None:
    """Readiness shows that it is missing meanwhile."""
    front: Front = app.state.front
    await wait_until(lambda: front.waiters.listening, "the front listened")
    async with Redis.from_url(settings.redis_url.get_secret_value()) as redis:
        await redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    await wait_until(lambda: not front.waiters.listening, "the front noticed")
    ready = (await http.get("/health/ready")).json()
    await wait_until(lambda: front.waiters.listening, "the front listened again")
    async with worker_with(settings, dairy):
        job = await client.submit("categorization", ITEM)
        done = await client.job(job.id, wait=10)

    assert ready["checks"]["redis"]["status"] == "degraded"
    assert done.status is JobStatus.SUCCEEDED


async def test_many_who_ask_at_once_share_queries(
    client: AsyncServiceClient, database: Database
) -> None:
    """A query for each would open every connection of the pool, and refuse whoever gets none."""
    job = await client.submit("categorization", ITEM)
    before = await _connections(database)
    polls = [client.job(job.id) for _ in range(100)]
    waits = [client.job(job.id, wait=0.2) for _ in range(100)]
    seen = await asyncio.gather(*polls, *waits)

    assert {found.status for found in seen} == {JobStatus.QUEUED}
    assert await _connections(database) - before <= 3


async def _connections(database: Database) -> int:
    query = """
        SELECT count(*) FROM pg_stat_activity
        WHERE application_name = 'api' AND datname = current_database()
    """
    async with database.transaction() as session:
        return int(await session.scalar(text(query)) or 0)


async def _idle(database: Database) -> bool:
    query = """
        SELECT count(*) FROM pg_stat_activity
        WHERE application_name = 'api' AND state != 'idle' AND datname = current_database()
    """
    async with database.transaction() as session:
        return bool(await session.scalar(text(query)) == 0)
