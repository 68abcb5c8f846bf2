"""Every attempt ends in one outcome, which is stored once even if the message comes again."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from pydantic import BaseModel
from redis.asyncio import Redis
from sqlalchemy import text, update

from shared import errors, rejections
from shared.client import AsyncServiceClient
from shared.contracts.features import Queue
from shared.contracts.jobs import JobStatus
from shared.contracts.outcomes import AttemptOutcome
from shared.errors import ErrorClass, ServiceError
from shared.settings import Settings
from shared.store.models import Job
from shared.store.postgres.database import Database
from shared.wire.messages import NewMessage, queue_key
from shared.wire.messenger import Messenger
from tests.support.runners import ITEM, Gate, dairy, raising, worker_with
from tests.support.telemetry.metric_samples import samples
from tests.support.telemetry.span_collector import Collector
from tests.support.waiting import wait_until
from worker.features.runners import Product, Work


class Unwritable(BaseModel):
    """An output whose text may have no form in UTF-8."""

    text: str


async def test_success(client: AsyncServiceClient, settings: Settings) -> None:
    """The output is on the job, and the attempt in its history."""
    async with worker_with(settings, dairy) as state:
        job = await client.submit("categorization", ITEM, wait=10)

    assert job.status is JobStatus.SUCCEEDED
    assert job.output_payload is not None
    assert job.output_payload["category"] == "Dairy"
    assert (job.model_id, job.model_version) == ("scripted", "1")
    (attempt,) = job.attempts
    assert (attempt.number, attempt.outcome, attempt.worker_id) == (
        1,
        AttemptOutcome.SUCCEEDED,
        state.id,
    )
    assert job.created_at <= attempt.started_at <= attempt.finished_at


@pytest.mark.parametrize(
    ("error", "code", "error_class"),
    [
        (rejections.ImageUnreadable(), "unreadable_image", ErrorClass.BAD_INPUT),
        (errors.RecognitionCrashed(), "recognition_crashed", ErrorClass.CRASHED),
        (errors.TimedOut(), "timeout", ErrorClass.TIMEOUT),
        (KeyError("a bug"), "internal_error", ErrorClass.BUG),
    ],
)
async def test_failure(
    client: AsyncServiceClient,
    settings: Settings,
    error: Exception,
    code: str,
    error_class: ErrorClass,
) -> None:
    """Whatever a runner raises becomes one error with a code and a class."""
    async with worker_with(settings, raising(error)):
        job = await client.submit("categorization", ITEM, wait=10)

    assert job.status is JobStatus.FAILED
    assert job.error is not None
    assert (job.error.code, job.error.error_class) == (code, error_class)
    assert "a bug" not in job.error.detail


@pytest.mark.parametrize(
    "different",
    [{"model_id": "\0"}, {"output": Unwritable(text="\ud800")}],
    ids=["NUL", "surrogate"],
)
async def test_a_result_that_cannot_be_stored_is_a_bug(
    client: AsyncServiceClient, settings: Settings, different: dict[str, Any]
) -> None:
    """The job fails instead of being rescued from this worker again and again."""

    async def run(work: Work) -> Product:
        return replace(await dairy(work), **different)

    async with worker_with(settings, run):
        job = await client.submit("categorization", ITEM, wait=10)

    assert job.status is JobStatus.FAILED
    assert job.error is not None
    assert (job.error.code, len(job.attempts)) == ("internal_error", 2)


async def test_a_run_over_its_limit_is_stopped(
    client: AsyncServiceClient, settings: Settings
) -> None:
    """The error names the limit."""
    gate = Gate()
    quick = settings.model_copy(update={"item_timeout": 0.1})
    async with worker_with(quick, gate):
        job = await client.submit("categorization", ITEM, wait=10)

    assert job.error is not None
    assert (job.error.code, job.error.error_class) == ("timeout", ErrorClass.TIMEOUT)
    assert "0.1 s" in job.error.detail


async def test_the_stages_of_a_failed_run_are_kept(
    client: AsyncServiceClient, settings: Settings
) -> None:
    """The stages show how far the run came."""

    async def run(work: Work) -> Product:
        with work.recorder.measure("first"):
            pass
        with work.recorder.measure("second"):
            raise rejections.NoTextFound

    async with worker_with(settings, run):
        job = await client.submit("categorization", ITEM, wait=10)

    (attempt,) = job.attempts
    assert [stage.name for stage in attempt.stages] == ["first", "second"]
    assert all(stage.start_ms >= 0 and stage.duration_ms >= 0 for stage in attempt.stages)


async def test_a_message_that_comes_twice_runs_once(
    client: AsyncServiceClient, settings: Settings, database: Database, messenger: Messenger
) -> None:
    """The message comes again while the job runs, when it stays until the job has ended, and
    after that."""
    gate = Gate()
    async with worker_with(settings, gate):
        job = await client.submit("categorization", ITEM)
        await gate.begun.wait()
        await _deliver_again(settings, messenger, database, job.id)
        await wait_until(lambda: _taken(settings, job.id), "the message was taken again")
        # Another poll, so that the worker has decided what to do with the message.
        await client.submit("categorization", {**ITEM, "item_name": "Bread"})
        await wait_until(lambda: gate.runs == 2, "the next job ran")
        assert not await _message_gone(settings)
        gate.opened.set()
        done = await client.await_job(job.id)
        await wait_until(lambda: _message_gone(settings), "the messages were removed")
        await _deliver_again(settings, messenger, database, job.id)
        await wait_until(lambda: _message_gone(settings), "the message was removed again")

    assert done.status is JobStatus.SUCCEEDED
    assert gate.runs == 2
    assert len((await client.job(job.id)).attempts) == 1


async def test_a_worker_that_lost_its_lease_stops_and_writes_nothing(
    client: AsyncServiceClient, settings: Settings, database: Database, collector: Collector
) -> None:
    """The heartbeat notices, what another worker wrote stands, and the span says `crashed`, as the
    history does."""
    gate = Gate()
    brisk = settings.model_copy(
        update={
            "heartbeat": 0.05,
            "otel_enabled": True,
            "otel_exporter_otlp_endpoint": collector.endpoint,
        }
    )
    trace_id = uuid4().hex
    job = await client.submit("categorization", ITEM)
    async with database.transaction() as session:
        carrier = {"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"}
        await session.execute(update(Job).values(trace_carrier=carrier))
    async with worker_with(brisk, gate):
        await gate.begun.wait()
        async with database.transaction() as session:
            taken_over = "UPDATE jobs SET worker_id = 'another', dispatch = 2"
            await session.execute(text(taken_over))
        await wait_until(lambda: gate.stopped, "the run was stopped")
    seen = await client.job(job.id)

    assert (seen.status, seen.attempts) == (JobStatus.RUNNING, [])
    (run,) = [span for span in collector.trace(trace_id) if span.name == "process items"]
    assert run.attributes["job.outcome"] == AttemptOutcome.CRASHED


async def test_a_result_that_comes_too_late_is_dropped(
    client: AsyncServiceClient, settings: Settings, database: Database
) -> None:
    """Between two heartbeats nothing stops a worker that lost its lease, but the guard refuses its
    result. The refusal is counted, and the times of the attempt are not."""
    gate = Gate()
    async with worker_with(settings, gate) as worker:
        job = await client.submit("categorization", ITEM)
        await gate.begun.wait()
        async with database.transaction() as session:
            await session.execute(text("UPDATE jobs SET dispatch = 2"))
        gate.opened.set()
        await wait_until(lambda: _message_gone(settings), "the message was handled")
        async with httpx.AsyncClient(base_url=worker.url) as http:
            counted = await samples(http)
    seen = await client.job(job.id)

    assert (seen.status, seen.output_payload) == (JobStatus.RUNNING, None)
    attempts = "ai_job_attempts_total categorization {} items"
    assert counted[attempts.format(AttemptOutcome.DROPPED)] == 1
    assert counted[attempts.format(AttemptOutcome.SUCCEEDED)] == 0
    assert counted["ai_job_run_seconds_count categorization items"] == 0


async def test_a_shutdown_releases_the_job_and_the_same_message_brings_it_again(
    client: AsyncServiceClient, settings: Settings
) -> None:
    """Nothing is lost, nothing is published again, and the job has no error."""
    gate = Gate()
    async with worker_with(settings, gate):
        job = await client.submit("categorization", ITEM)
        await gate.begun.wait()
    released = await client.job(job.id)
    async with worker_with(settings, dairy):
        done = await client.await_job(job.id)

    assert (released.status, released.error) == (JobStatus.QUEUED, None)
    assert [attempt.outcome for attempt in done.attempts] == [
        AttemptOutcome.RELEASED,
        AttemptOutcome.SUCCEEDED,
    ]


async def test_a_shutdown_gives_running_jobs_time_to_finish(
    client: AsyncServiceClient, settings: Settings
) -> None:
    """Running jobs have SHUTDOWN_GRACE seconds."""
    gate = Gate()
    patient = settings.model_copy(update={"shutdown_grace": 30})
    async with worker_with(patient, gate):
        job = await client.submit("categorization", ITEM)
        await gate.begun.wait()
        asyncio.get_running_loop().call_later(0.1, gate.opened.set)

    assert (await client.job(job.id)).status is JobStatus.SUCCEEDED


async def test_no_more_runs_at_once_than_there_are_slots(
    client: AsyncServiceClient, settings: Settings
) -> None:
    """The other jobs wait."""
    gate = Gate()
    narrow = settings.model_copy(update={"item_slots": 2})
    async with worker_with(narrow, gate):
        jobs = [await client.submit("categorization", ITEM) for _ in range(5)]
        await wait_until(lambda: gate.runs == 2, "the second run began")
        running = await client.jobs(status="running")
        gate.opened.set()
        done = [await client.await_job(job.id) for job in jobs]

    assert len(running.jobs) == 2
    assert {job.status for job in done} == {JobStatus.SUCCEEDED}


async def test_queues_do_not_wait_for_each_other(
    client: AsyncServiceClient, settings: Settings, receipt_png: bytes
) -> None:
    """A suggestion that somebody waits for while typing does not queue behind receipts."""
    gate = Gate()

    async def run(work: Work) -> Product:
        return await (gate(work) if work.image else dairy(work))

    async with worker_with(settings, run):
        for _ in range(5):
            await client.submit_receipt(receipt_png)
        await gate.begun.wait()
        item = await client.submit("categorization", ITEM, wait=10)

    assert item.status is JobStatus.SUCCEEDED


async def test_a_worker_serves_only_its_queues(
    client: AsyncServiceClient, settings: Settings, receipt_png: bytes
) -> None:
    """A receipt stays queued while the only worker serves items."""
    items_only = settings.model_copy(update={"worker_queues": (Queue.ITEMS,)})
    async with worker_with(items_only, dairy):
        receipt = await client.submit_receipt(receipt_png)
        await client.submit("categorization", ITEM, wait=10)

    assert (await client.job(receipt.id)).status is JobStatus.QUEUED


def test_every_error_class_is_used() -> None:
    """Each class belongs to at least one exception."""
    classes = {error.error_class for error in ServiceError.__subclasses__()}

    assert classes == set(ErrorClass)


async def _deliver_again(
    settings: Settings, messenger: Messenger, database: Database, job_id: UUID
) -> None:
    """Remove what arq remembers of the message, and send it again."""
    async with Redis.from_url(settings.redis_url.get_secret_value()) as redis:
        for key in await redis.keys(f"arq:*{job_id}*"):
            await redis.delete(key)
        await redis.delete(queue_key(settings.queue_namespace, Queue.ITEMS))
    async with database.transaction() as session:
        job = await session.get_one(Job, job_id)
    await messenger.publish([NewMessage.of(job)])


async def _taken(settings: Settings, job_id: UUID) -> bool:
    async with Redis.from_url(settings.redis_url.get_secret_value()) as redis:
        return bool(await redis.exists(f"arq:in-progress:{job_id}:1"))


async def _message_gone(settings: Settings) -> bool:
    async with Redis.from_url(settings.redis_url.get_secret_value()) as redis:
        return bool(await redis.zcard(queue_key(settings.queue_namespace, Queue.ITEMS)) == 0)
