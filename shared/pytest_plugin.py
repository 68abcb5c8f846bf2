"""Fixtures for the tests of programs that use the service.

The distribution of the client registers them with pytest. They need a running service at
AI_SERVICE_URL, with workers.
"""

import time
from collections.abc import Iterator, Mapping
from typing import Any, Protocol
from uuid import UUID, uuid4

import pytest

from shared.client.sync_client import ServiceClient
from shared.contracts.jobs import JobStatus, JobView

# How long the fixtures wait by default, in seconds.
_WITHIN = 60.0
_UNFINISHED = (JobStatus.QUEUED, JobStatus.RUNNING)
# The most jobs that a failed assertion lists.
_LISTED = 10


class AwaitJob(Protocol):
    """The fixture `await_job`."""

    def __call__(
        self,
        job: JobView | UUID,
        *,
        status: JobStatus | str = JobStatus.SUCCEEDED,
        within: float = _WITHIN,
    ) -> JobView:
        """Return the job once it has ended. Fails the test if it has not ended in `status`.

        Raises NotDoneInTime after `within` seconds.
        """


class DrainQueues(Protocol):
    """The fixture `drain_queues`."""

    def __call__(self, *, within: float = _WITHIN) -> list[JobView]:
        """Wait until the tenant has no queued or running job, also those submitted meanwhile.

        Returns the jobs that ended while it waited. Raises NotDoneInTime after `within` seconds.
        """


class AssertEnqueued(Protocol):
    """The fixture `assert_enqueued`."""

    def __call__(
        self, feature: str, payload: Mapping[str, Any] | None = None, **fields: object
    ) -> JobView:
        """Return the tenant's newest job of that feature, in whatever state it is.

        Its payload has to have every key of `payload` with the same value, and so have the job's
        own `fields` (`user_id`, `request_id`, `priority`, `status`). Fails the test with a list of
        the tenant's jobs if there is none. Images are not in a payload.
        """


@pytest.fixture
def ai_tenant() -> str:
    """The tenant for which the fixtures act: a new one for each test.

    Override this fixture if the program under test submits for a tenant of its own.
    """
    return f"test-{uuid4().hex[:12]}"


@pytest.fixture
def ai_client(ai_tenant: str) -> Iterator[ServiceClient]:
    """A client of the service at AI_SERVICE_URL."""
    with ServiceClient.from_environment(ai_tenant) as client:
        yield client


@pytest.fixture
def await_job(ai_client: ServiceClient) -> AwaitJob:
    """Await the end of a job, and check how it ended."""

    def awaited(
        job: JobView | UUID,
        *,
        status: JobStatus | str = JobStatus.SUCCEEDED,
        within: float = _WITHIN,
    ) -> JobView:
        ended = ai_client.await_job(job if isinstance(job, UUID) else job.id, within)
        if ended.status != status:
            pytest.fail(f"Expected a job that is {JobStatus(status).value}, but {_line(ended)}")
        return ended

    return awaited


@pytest.fixture
def drain_queues(ai_client: ServiceClient) -> DrainQueues:
    """Await the end of every job of the tenant."""

    def drained(*, within: float = _WITHIN) -> list[JobView]:
        deadline = time.monotonic() + within
        ended: list[JobView] = []
        while waiting := [job for status in _UNFINISHED for job in _jobs(ai_client, status)]:
            for job in waiting:
                left = max(deadline - time.monotonic(), 0.0)
                ended.append(ai_client.await_job(job.id, left))
        return ended

    return drained


@pytest.fixture
def assert_enqueued(ai_client: ServiceClient) -> AssertEnqueued:
    """Assert that the program under test has submitted a job."""

    def enqueued(
        feature: str, payload: Mapping[str, Any] | None = None, **fields: object
    ) -> JobView:
        seen: list[str] = []
        for job in _jobs(ai_client):
            if job.feature == feature and _has(job, payload or {}, fields):
                return job
            seen.append(_line(job))
        there = "\n".join(f"  {line}" for line in seen[:_LISTED]) or "  none"
        pytest.fail(
            f"No job of {ai_client.tenant_id} is {feature} with {dict(payload or {})} and {fields}."
            f" The newest of its {len(seen)} jobs:\n{there}"
        )

    return enqueued


def _jobs(client: ServiceClient, status: JobStatus | None = None) -> Iterator[JobView]:
    """Yield the tenant's jobs, newest first, over all pages."""
    cursor = None
    while True:
        page = client.jobs(status=status and status.value, cursor=cursor, limit=100)
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
