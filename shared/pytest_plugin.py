"""Fixtures for the tests of programs that use the service.

The distribution of the client registers them with pytest. They need a running service at
AI_SERVICE_URL, with workers, and a token for every tenant in AI_SERVICE_TOKEN if it wants one. The
client is imported where a fixture needs it: every run of pytest imports this module, also one that
never calls a service.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID, uuid4

import pytest

if TYPE_CHECKING:
    from shared.client.sync_client import ServiceClient
    from shared.contracts.jobs import JobStatus, JobView

# How long the fixtures wait by default, in seconds.
_WITHIN = 60.0


class AwaitJob(Protocol):
    """The fixture `await_job`."""

    def __call__(
        self,
        job: JobView | UUID,
        *,
        status: JobStatus | str = "succeeded",
        within: float = _WITHIN,
    ) -> JobView:
        """Return the job once it has ended. Fails the test if it has not ended in `status`.

        Raises NotDoneInTime after `within` seconds.
        """


class DrainQueues(Protocol):
    """The fixture `drain_queues`."""

    def __call__(self, *, within: float = _WITHIN) -> list[JobView]:
        """Wait until the tenant has no queued or running job, also those submitted meanwhile.

        Returns the jobs that ended while it waited, each once. Raises NotDoneInTime after `within`
        seconds.
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
    """A client of the service at AI_SERVICE_URL, with the token in AI_SERVICE_TOKEN."""
    from shared.client.sync_client import ServiceClient

    with ServiceClient.from_environment(ai_tenant) as client:
        yield client


@pytest.fixture
def await_job(ai_client: ServiceClient) -> AwaitJob:
    """Await the end of a job, and check how it ended."""
    from shared.client import expectations

    def awaited(
        job: JobView | UUID, *, status: JobStatus | str = "succeeded", within: float = _WITHIN
    ) -> JobView:
        return expectations.awaited(ai_client, job, status, within)

    return awaited


@pytest.fixture
def drain_queues(ai_client: ServiceClient) -> DrainQueues:
    """Await the end of every job of the tenant."""
    from shared.client import expectations

    def drained(*, within: float = _WITHIN) -> list[JobView]:
        return expectations.drained(ai_client, within)

    return drained


@pytest.fixture
def assert_enqueued(ai_client: ServiceClient) -> AssertEnqueued:
    """Assert that the program under test has submitted a job."""
    from shared.client import expectations

    def enqueued(
        feature: str, payload: Mapping[str, Any] | None = None, **fields: object
    ) -> JobView:
        return expectations.enqueued(ai_client, feature, payload or {}, fields)

    return enqueued
