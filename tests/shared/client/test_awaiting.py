"""Awaiting the end of a job, also when connections fail."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from shared.client.errors import NotDoneInTime, ServiceUnreachable
from shared.contracts.jobs import JobStatus
from shared.errors import ErrorClass, Unavailable
from shared.rejections import JobNotFound
from shared.settings import Settings
from tests.support.both_clients import Kind, open_client
from tests.support.fronts import front_server, nowhere
from tests.support.runners import ITEM, Gate, worker_with
from tests.support.scripted_server import Act, html, ok, problem, scripted

JOB: dict[str, Any] = {
    "id": str(uuid4()),
    "tenant_id": "tenant",
    "user_id": None,
    "request_id": None,
    "feature": "categorization",
    "status": "running",
    "priority": 0,
    "dispatch": "published",
    "input_payload": {},
    "output_payload": None,
    "error": None,
    "attempts": [],
    "model_id": None,
    "model_version": None,
    "created_at": "2026-03-14T12:00:00Z",
    "started_at": None,
    "finished_at": None,
    "latency_ms": None,
    "trace_id": None,
}
RUNNING, DONE = ok(JOB), ok({**JOB, "status": "failed"})


async def test_a_job_is_awaited_by_a_long_poll(settings: Settings, kind: Kind) -> None:
    """A real front answers the long poll when the job ends."""
    gate = Gate()
    async with (
        worker_with(settings, gate),
        front_server(settings) as url,
        open_client(kind, url) as client,
    ):
        job = await client.submit("categorization", ITEM)
        waiting = asyncio.create_task(client.await_job(job.id))
        await gate.begun.wait()
        gate.opened.set()
        done = await waiting

    assert (done.id, done.status) == (job.id, JobStatus.SUCCEEDED)


async def test_after_a_dropped_long_poll_plain_calls_go_on(kind: Kind) -> None:
    """A proxy may cut long requests. Every call is still for the same tenant."""
    script: list[Act] = [RUNNING, "drop", RUNNING, html(502), DONE]
    async with scripted(*script) as server, open_client(kind, server.url) as client:
        job = await client.await_job(uuid4(), tenant_id="other")

    assert job.status is JobStatus.FAILED
    waits = [float(seen.query.get("wait", ["0"])[0]) for seen in server.seen]
    assert waits == [25, 25, 0, 0, 0]
    assert {seen.query["tenant_id"][0] for seen in server.seen} == {"other"}


async def test_a_front_that_is_away_for_a_moment_is_waited_for(kind: Kind) -> None:
    """The client waits for Retry-After, even if it repeats no other calls."""
    leaving = problem(503, ErrorClass.UNAVAILABLE, "draining", retry_after=1)
    async with (
        scripted(leaving, DONE) as server,
        open_client(kind, server.url, retries=0) as client,
    ):
        await client.await_job(uuid4())

    assert server.seen[1].at - server.seen[0].at >= 1


async def test_there_is_a_pause_although_the_service_asks_for_none(kind: Kind) -> None:
    """Without a pause, one waiting client would keep a front busy."""
    busy = html(503, **{"Retry-After": "0"})
    async with scripted(busy, DONE) as server, open_client(kind, server.url) as client:
        await client.await_job(uuid4())

    assert server.seen[1].at - server.seen[0].at >= 0.2


async def test_the_client_gives_up_on_a_job_that_takes_too_long(kind: Kind) -> None:
    """The last look is at the deadline, and the error says that the job continues."""
    async with scripted(RUNNING) as server, open_client(kind, server.url) as client:
        with pytest.raises(NotDoneInTime, match=r"within 0\.5 s, and continues") as caught:
            await client.await_job(uuid4(), within=0.5)

    assert isinstance(caught.value, Unavailable)
    assert caught.value.__cause__ is None
    assert server.seen[-1].at - server.seen[0].at > 0.4
    assert all(float(seen.query.get("wait", ["0"])[0]) <= 0.5 for seen in server.seen)


async def test_a_wait_of_0_seconds_is_one_call(kind: Kind) -> None:
    """The one call is not a long poll."""
    async with scripted(DONE) as server, open_client(kind, server.url) as client:
        await client.await_job(uuid4(), within=0)

    (seen,) = server.seen
    assert "wait" not in seen.query


async def test_a_service_that_never_answers_is_named_as_the_reason(kind: Kind) -> None:
    """The error is the same as for a job that is late, and its cause differs."""
    async with open_client(kind, nowhere("http").get_secret_value()) as client:
        with pytest.raises(NotDoneInTime, match="ConnectError") as caught:
            await client.await_job(uuid4(), within=0.3)

    assert isinstance(caught.value.__cause__, ServiceUnreachable)


async def test_a_job_that_does_not_exist_is_not_awaited(settings: Settings, kind: Kind) -> None:
    """An error that will not pass is raised at once."""
    async with front_server(settings) as url, open_client(kind, url) as client:
        with pytest.raises(JobNotFound):
            await client.await_job(uuid4())
