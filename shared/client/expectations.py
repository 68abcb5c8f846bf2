"""What tests of programs that use the service expect of its jobs: `shared.pytest_plugin` offers it
as fixtures."""

import time
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import pytest

from shared.client.sync_client import ServiceClient
from shared.contracts.jobs import JobStatus, JobView

# The most jobs that a failed assertion lists.
_LISTED = 10


def awaited(
    client: ServiceClient, job: JobView | UUID, status: JobStatus | str, within: float
) -> JobView:
    """Return the job once it has ended. Fails the test if it has not ended in `status`."""
    ended = client.await_job(job if isinstance(job, UUID) else job.id, within)
    if ended.status != status:
        pytest.fail(f"Expected a job that is {JobStatus(status).value}, but {_line(ended)}")
    return ended


def drained(client: ServiceClient, within: float) -> list[JobView]:
    """Return the jobs that were queued or running, each once, when none of the tenant's is."""
    deadline = time.monotonic() + within
    ended: dict[UUID, JobView] = {}
    # One list of all jobs: a job that changes its state in between could be in two lists by state,
    # or in none.
    while waiting := [job.id for job in _jobs(client) if not job.status.finished]:
        page = client.wait_many(waiting, max(deadline - time.monotonic(), 0.0))
        ended |= {job.id: job for job in page.jobs}
    return list(ended.values())


def enqueued(
    client: ServiceClient, feature: str, payload: Mapping[str, Any], fields: Mapping[str, object]
) -> JobView:
    """Return the tenant's newest job with these values. Fails the test if there is none."""
    seen: list[str] = []
    for job in _jobs(client):
        if job.feature == feature and _has(job, payload, fields):
            return job
        seen.append(_line(job))
    there = "\n".join(f"  {line}" for line in seen[:_LISTED]) or "  none"
    pytest.fail(
        f"No job of {client.tenant_id} is {feature} with {dict(payload)} and {dict(fields)}."
        f" The newest of its {len(seen)} jobs:\n{there}"
    )


def _jobs(client: ServiceClient) -> Iterator[JobView]:
    """Yield the tenant's jobs, newest first, over all pages."""
    cursor = None
    while True:
        page = client.jobs(cursor=cursor, limit=100)
        yield from page.jobs
        cursor = page.next_cursor
        if cursor is None:
            return


def _has(job: JobView, payload: Mapping[str, Any], fields: Mapping[str, object]) -> bool:
    own = all(getattr(job, name) == value for name, value in fields.items())
    return own and all(
        name in job.input_payload and job.input_payload[name] == value
        for name, value in payload.items()
    )


def _line(job: JobView) -> str:
    why = f" ({job.error.code}: {job.error.detail})" if job.error else ""
    return f"{job.feature} {job.id} is {job.status}{why}: {job.input_payload}"
