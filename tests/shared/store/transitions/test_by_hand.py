"""The transitions that callers ask for: cancel a job, or run it again."""

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.jobs import JobStatus
from shared.contracts.outcomes import AttemptOutcome
from shared.rejections import NotRetryable
from shared.store import transitions
from shared.store.hot.claiming import Claim
from shared.store.models import Job
from tests.shared.store.transitions.endings import RECORD, TIMEOUT, succeed
from tests.support import holding
from tests.support.job_rows import history, insert_job, new_job


async def test_a_waiting_job_is_cancelled_at_once(session: AsyncSession, job: Job) -> None:
    """The job never runs."""
    assert await transitions.cancel(session, job.id, "t")

    assert await history(session, job) == []
    assert job.state == JobStatus.CANCELLED
    assert job.finished_at is not None
    assert job.error is not None
    assert job.error["error_class"] == "cancelled"
    assert await holding.claim(session, job.id, 1, "worker", 15) is None


async def test_cancelling_a_running_job_is_left_to_its_worker(
    session: AsyncSession, job: Job, held: Claim
) -> None:
    """The job runs on until its worker notices the request and ends it."""
    assert await transitions.cancel(session, job.id, "t")
    await session.refresh(job)
    assert (job.state, job.finished_at) == (JobStatus.RUNNING, None)
    assert await holding.cancels_requested(session, "worker") == [job.id]
    assert await holding.cancels_requested(session, "another") == []
    assert await holding.end_cancelled(session, held, RECORD)

    (attempt,) = await history(session, job)
    assert (job.state, attempt.outcome) == (JobStatus.CANCELLED, AttemptOutcome.CANCELLED)
    assert await holding.cancels_requested(session, "worker") == []


async def test_a_succeeded_job_is_neither_cancelled_nor_retried(
    session: AsyncSession, job: Job, held: Claim
) -> None:
    """The job keeps its result."""
    await succeed(session, held)

    assert not await transitions.cancel(session, job.id, "t")
    assert not await transitions.revive(session, job.id, "t")
    assert not await holding.end_cancelled(session, held, RECORD)


async def test_nobody_touches_the_job_of_another_tenant(session: AsyncSession, job: Job) -> None:
    """The answer does not even reveal that the job exists."""
    assert not await transitions.cancel(session, job.id, "another")
    await transitions.cancel(session, job.id, "t")
    assert not await transitions.revive(session, job.id, "another")


async def test_a_revived_job_has_new_budgets_and_its_old_history(
    session: AsyncSession, job: Job, held: Claim
) -> None:
    """A new dispatch keeps old messages from starting the job."""
    await holding.fail(session, held, RECORD, TIMEOUT)
    assert await transitions.revive(session, job.id, "t")
    (attempt,) = await history(session, job)

    assert (job.state, job.dispatch, job.spent_timeout) == (JobStatus.QUEUED, 2, 0)
    assert (job.error, job.finished_at, job.cancel_requested_at) == (None, None, None)
    assert attempt.outcome == AttemptOutcome.FAILED
    assert not await transitions.revive(session, job.id, "t")


async def test_a_job_is_not_revived_beside_its_twin(session: AsyncSession) -> None:
    """The same work was submitted again after the job had ended."""
    first = await insert_job(session, new_job(content_key="k"))
    await transitions.cancel(session, first.id, "t")
    await insert_job(session, new_job(content_key="k"))

    with pytest.raises(NotRetryable):
        async with session.begin_nested():
            await transitions.revive(session, first.id, "t")
