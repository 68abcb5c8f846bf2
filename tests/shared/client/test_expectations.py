"""Draining the queues, with a service whose jobs change between two answers."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

from api.openapi.examples.jobs import queued
from shared.client import ServiceClient
from shared.client.expectations import drained
from shared.contracts.jobs import JobStatus
from tests.support.scripted_server import Reply, ok, scripted

A, B, C, D = (uuid4() for _ in range(4))


def job(job_id: UUID, status: str) -> dict[str, Any]:
    """Return a job as the service shows it."""
    job = queued().model_copy(update={"id": job_id, "status": JobStatus(status)})
    return job.model_dump(mode="json")


def listed(*jobs: dict[str, Any], cursor: str | None = None) -> Reply:
    """Return a page of the list of jobs."""
    return ok({"jobs": jobs, "next_cursor": cursor})


async def test_each_job_is_drained_once_whatever_its_state_becomes() -> None:
    """A job that begins to run while jobs are listed is one job, and one that was submitted
    meanwhile is awaited too."""
    script = (
        listed(job(A, "running"), cursor="c"),
        listed(job(B, "queued"), job(C, "succeeded")),
        listed(job(A, "succeeded"), job(B, "failed")),
        listed(job(D, "running"), *(job(ended, "succeeded") for ended in (A, B, C))),
        listed(job(D, "succeeded")),
        listed(*(job(ended, "succeeded") for ended in (D, A, B, C))),
    )
    async with scripted(*script) as server:
        with ServiceClient(server.url, "t", retries=0) as client:
            found = await asyncio.to_thread(drained, client, 5.0)

    assert [(ended.id, ended.status) for ended in found] == [
        (A, "succeeded"),
        (B, "failed"),
        (D, "succeeded"),
    ]
    # A list of one state would miss a job that leaves it for another.
    lists = [seen.query for seen in server.seen if seen.path == "/api/v1/jobs"]
    assert not any("status" in query for query in lists)
