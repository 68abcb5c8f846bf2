"""The fixtures for tests of programs that use the service, with the running system."""

import pytest

from shared.client import ServiceClient
from shared.contracts.jobs import JobStatus
from shared.pytest_plugin import (
    AssertEnqueued,
    AwaitJob,
    DrainQueues,
    ai_client,
    ai_tenant,
    assert_enqueued,
    await_job,
    drain_queues,
)
from tests.support.processes.running_system import System
from tests.support.runners import ITEM

# pytest finds fixtures that a test module imports.
__all__ = ["ai_client", "ai_tenant", "assert_enqueued", "await_job", "drain_queues"]


@pytest.fixture(autouse=True)
def _url(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name the running system as users of the fixtures do."""
    monkeypatch.setenv("AI_SERVICE_URL", system.url)


def test_jobs_are_awaited_and_drained(
    ai_client: ServiceClient, await_job: AwaitJob, drain_queues: DrainQueues
) -> None:
    """Draining leaves nothing queued or running, and finds nothing the second time."""
    first = await_job(ai_client.submit("categorization", ITEM))
    submitted = {ai_client.submit("categorization", ITEM, priority=n).id for n in range(3)}
    drained = drain_queues()

    assert first.status is JobStatus.SUCCEEDED
    found = [job.id for job in drained]
    assert len(found) == len(set(found))
    assert set(found) <= submitted
    assert all(ai_client.job(job_id).status is JobStatus.SUCCEEDED for job_id in submitted)
    assert drain_queues() == []


def test_a_job_that_ends_in_another_way_fails_the_test(
    ai_client: ServiceClient, await_job: AwaitJob
) -> None:
    """The message has the error of the job. The way that is expected can be named."""
    item = ai_client.submit("categorization", ITEM)

    with pytest.raises(pytest.fail.Exception, match="job that is failed, but categorization"):
        await_job(item, status="failed")
    with pytest.raises(ValueError, match="faild"):
        await_job(item.id, status="faild")


def test_a_submitted_job_is_found_by_what_it_has(
    ai_client: ServiceClient, assert_enqueued: AssertEnqueued
) -> None:
    """Whatever is not named does not matter. A failure lists the jobs that are there."""
    with pytest.raises(pytest.fail.Exception, match=r"0 jobs:\n  none"):
        assert_enqueued("categorization")
    job = ai_client.submit("categorization", ITEM, user_id="u")

    assert assert_enqueued("categorization").id == job.id
    named = {"item_name": ITEM["item_name"]}
    assert assert_enqueued("categorization", named, user_id="u").id == job.id
    for feature, payload, fields in (
        ("embedding", {}, {}),
        ("categorization", {"item_name": "else"}, {}),
        ("categorization", {"missing": None}, {}),
        ("categorization", {}, {"user_id": "v"}),
    ):
        with pytest.raises(pytest.fail.Exception, match=f"1 jobs:\n  categorization {job.id} is"):
            assert_enqueued(feature, payload, **fields)
