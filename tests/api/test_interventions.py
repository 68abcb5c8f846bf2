"""Cancelling jobs and running them again, over HTTP. What is not allowed changes nothing."""

import asyncio
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from shared import errors, rejections
from shared.client import AsyncServiceClient
from shared.contracts.jobs import JobStatus
from shared.contracts.outcomes import AttemptOutcome
from shared.settings import Settings
from shared.store.postgres.database import Database
from shared.store.retention import prune_images
from tests.support.runners import ITEM, LABELS, Gate, dairy, raising, worker_with
from tests.support.telemetry.metric_samples import samples
from tests.support.waiting import wait_until

_ATTEMPT = """
INSERT INTO job_attempts (job_id, number, outcome, worker_id, stages, started_at, finished_at)
VALUES (:id, 1, 'divined', 'newer', '[]', now(), now())
"""


async def test_a_waiting_job_is_cancelled_at_once(
    client: AsyncServiceClient, http: httpx.AsyncClient
) -> None:
    """The answer is 200, since the job has ended. Cancelling it again changes nothing."""
    job = await client.submit("categorization", ITEM)
    first = await http.post(f"/api/v1/jobs/{job.id}/cancel", params={"tenant_id": "tenant"})
    again = await http.post(f"/api/v1/jobs/{job.id}/cancel", params={"tenant_id": "tenant"})

    assert (first.status_code, first.json()["status"]) == (200, "cancelled")
    assert first.json()["error"]["error_class"] == "cancelled"
    assert (again.status_code, again.json()) == (200, first.json())


async def test_a_cancelled_job_is_counted_even_if_it_cannot_be_shown(
    client: AsyncServiceClient, http: httpx.AsyncClient, database: Database
) -> None:
    """A newer version tried the job, and the caller finds it cancelled if he repeats the call."""
    job = await client.submit("categorization", ITEM)
    async with database.transaction() as session:
        await session.execute(text(_ATTEMPT), {"id": job.id})
    with pytest.raises(errors.Bug):
        await client.cancel(job.id)

    found = await samples(http)
    assert found["ai_jobs_finished_total cancelled categorization items cancelled"] == 1


async def test_a_running_job_is_stopped(client: AsyncServiceClient, settings: Settings) -> None:
    """The answer is a running job, and the work ends within two seconds."""
    gate = Gate()
    async with worker_with(settings, gate):
        job = await client.submit("categorization", ITEM)
        await gate.begun.wait()
        asked = await client.cancel(job.id)
        await wait_until(lambda: gate.stopped, "the work stopped", within=2)
        ended = await client.await_job(job.id, within=5)

    assert asked.status is JobStatus.RUNNING
    assert ended.status is JobStatus.CANCELLED
    assert [attempt.outcome for attempt in ended.attempts] == [AttemptOutcome.CANCELLED]


async def test_a_waiting_call_ends_when_its_job_is_cancelled(
    client: AsyncServiceClient, settings: Settings
) -> None:
    """The waiting call answers 409 and does not wait in vain."""
    gate = Gate()
    async with worker_with(settings, gate):
        waiting = asyncio.create_task(client.categorize("Milk", LABELS))
        await gate.begun.wait()
        (job,) = (await client.jobs()).jobs
        await client.cancel(job.id)
        with pytest.raises(errors.Cancelled) as refused:
            await waiting

    assert refused.value.problem["status"] == 409


async def test_a_job_that_has_ended_cannot_be_cancelled(
    client: AsyncServiceClient, settings: Settings
) -> None:
    """The answer is a 409, and the job keeps its result."""
    async with worker_with(settings, dairy):
        job = await client.submit("categorization", ITEM, wait=10)
    with pytest.raises(rejections.NotCancellable):
        await client.cancel(job.id)

    assert await client.job(job.id) == job


async def test_a_failed_job_runs_again(client: AsyncServiceClient, settings: Settings) -> None:
    """A retried job keeps its history and gets new budgets."""
    async with worker_with(settings, raising(KeyError("a bug"))):
        failed = await client.submit("categorization", ITEM, wait=10)
    waiting = await client.retry(failed.id)
    async with worker_with(settings, dairy):
        done = await client.await_job(failed.id, within=10)

    assert failed.status is JobStatus.FAILED
    assert (waiting.status, waiting.error, waiting.finished_at) == (JobStatus.QUEUED, None, None)
    assert done.status is JobStatus.SUCCEEDED
    outcomes = [attempt.outcome for attempt in done.attempts]
    assert outcomes == [AttemptOutcome.FAILED, AttemptOutcome.FAILED, AttemptOutcome.SUCCEEDED]


@pytest.mark.parametrize("state", ["queued", "succeeded"])
async def test_a_job_that_has_not_failed_is_not_retried(
    client: AsyncServiceClient, settings: Settings, state: str
) -> None:
    """The answer is a 409, and the job is unchanged."""
    job = await client.submit("categorization", ITEM)
    if state == "succeeded":
        async with worker_with(settings, dairy):
            job = await client.await_job(job.id)
    with pytest.raises(rejections.NotRetryable, match=state):
        await client.retry(job.id)

    assert await client.job(job.id) == job


async def test_a_job_whose_work_is_already_being_done_again_is_not_retried(
    client: AsyncServiceClient, settings: Settings
) -> None:
    """Two live jobs never do the same work."""
    async with worker_with(settings, raising(rejections.NoTextFound())):
        with pytest.raises(rejections.NoTextFound):
            await client.categorize("Milk", LABELS)
    (failed,) = (await client.jobs()).jobs
    gate = Gate()
    async with worker_with(settings, gate):
        waiting = asyncio.create_task(client.categorize("Milk", LABELS))
        await gate.begun.wait()
        with pytest.raises(rejections.NotRetryable, match="submitted again"):
            await client.retry(failed.id)
        gate.opened.set()
        await waiting

    assert await client.job(failed.id) == failed


async def test_a_receipt_whose_image_is_gone_is_not_retried(
    client: AsyncServiceClient, database: Database, receipt_png: bytes
) -> None:
    """The answer says what to do instead, and the job stays as it was."""
    job = await client.submit_receipt(receipt_png)
    await client.cancel(job.id)
    async with database.transaction() as session:
        assert (await prune_images(session, 0)).count == 1
    with pytest.raises(rejections.NotRetryable, match="submit the receipt again"):
        await client.retry(job.id)

    assert (await client.job(job.id)).status is JobStatus.CANCELLED


@pytest.mark.parametrize("call", ["cancel", "retry"])
async def test_the_job_of_another_tenant_cannot_be_changed(
    http: httpx.AsyncClient, client: AsyncServiceClient, call: str
) -> None:
    """Another tenant's job is a 404, like a job that does not exist.

    So is an id that is no UUID. A missing tenant is a 400.
    """
    job = await client.submit("categorization", ITEM)
    for job_id, tenant, status, code in (
        (job.id, "somebody-else", 404, "job_not_found"),
        (uuid4(), "tenant", 404, "job_not_found"),
        ("x", "tenant", 404, "job_not_found"),
        (job.id, None, 422, "tenant_required"),
    ):
        query = {"tenant_id": tenant} if tenant else {}
        answer = await http.post(f"/api/v1/jobs/{job_id}/{call}", params=query)
        assert (answer.status_code, answer.json()["error"]) == (status, code)

    assert (await client.job(job.id)).status is JobStatus.QUEUED
