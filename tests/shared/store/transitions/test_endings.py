"""Endings of attempts: what each stores, and that only the holder of the claim can make them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.jobs import JobStatus
from shared.contracts.outcomes import AttemptOutcome
from shared.errors import ErrorClass
from shared.store import transitions
from shared.store.hot.claiming import Claim
from shared.store.models import Job
from tests.shared.store.transitions.endings import (
    ENDINGS,
    MISSING,
    NO_TEXT,
    RECORD,
    REQUEUEING,
    TIMEOUT,
    End,
    succeed,
)
from tests.support import holding
from tests.support.job_rows import history

_REDISPATCHING = (REQUEUEING["retry"], REQUEUEING["put_back"])


async def test_success_is_stored_with_its_attempt(
    session: AsyncSession, job: Job, held: Claim
) -> None:
    """The result is on the job; stages and trace are on the attempt."""
    assert await succeed(session, held)
    await session.refresh(job)
    (attempt,) = await history(session, job)

    assert (job.state, job.output, job.error) == (JobStatus.SUCCEEDED, {"a": 1.0}, None)
    assert (job.model_id, job.model_version) == ("m", "1")
    assert (job.worker_id, job.lease_until) == (None, None)
    assert job.finished_at is not None
    assert (attempt.number, attempt.outcome, attempt.worker_id) == (
        1,
        AttemptOutcome.SUCCEEDED,
        "worker",
    )
    assert (attempt.stages, attempt.trace_id, attempt.error) == (RECORD.stages, "f" * 32, None)


async def test_failure_is_stored_with_its_reason(
    session: AsyncSession, job: Job, held: Claim
) -> None:
    """The error is on the job and on the attempt."""
    assert await holding.fail(session, held, RECORD, NO_TEXT)
    await session.refresh(job)
    (attempt,) = await history(session, job)

    assert (job.state, job.output) == (JobStatus.FAILED, None)
    assert job.error == attempt.error == NO_TEXT.model_dump(mode="json")


async def test_a_released_job_waits_under_the_same_message(
    session: AsyncSession, job: Job, held: Claim
) -> None:
    """The same dispatch claims it again, and the history has both attempts."""
    before = job.queued_at
    assert await holding.release(session, held, RECORD)
    await session.refresh(job)

    assert (job.state, job.worker_id, job.started_at) == (JobStatus.QUEUED, None, None)
    assert (job.dispatch, job.queued_at) == (1, before)
    again = await holding.claim(session, job.id, 1, "another", 15)
    assert again is not None
    assert again.attempt == 2
    assert await succeed(session, again)
    attempts = await history(session, job)
    assert [attempt.outcome for attempt in attempts] == [
        AttemptOutcome.RELEASED,
        AttemptOutcome.SUCCEEDED,
    ]


async def test_a_retry_is_another_dispatch_due_later(
    session: AsyncSession, job: Job, held: Claim
) -> None:
    """A retry spends the budget of its error class only, and the history keeps the error."""
    assert await holding.retry(session, held, RECORD, TIMEOUT, delay=7)
    (attempt,) = await history(session, job)

    assert (job.state, job.dispatch, job.published_at) == (JobStatus.QUEUED, 2, None)
    assert (job.queued_at - held.started_at).total_seconds() == 7
    assert (job.spent_timeout, job.spent_crashed, job.spent_bug, job.spent_transient) == (
        1,
        0,
        0,
        0,
    )
    assert (attempt.outcome, attempt.error) == (
        AttemptOutcome.FAILED,
        TIMEOUT.model_dump(mode="json"),
    )
    assert await holding.claim(session, job.id, 1, "worker", 15) is None
    again = await holding.claim(session, job.id, 2, "another", 15)
    assert again is not None
    assert (again.attempt, again.spent[ErrorClass.TIMEOUT]) == (2, 1)


async def test_a_job_that_is_put_back_spends_nothing(
    session: AsyncSession, job: Job, held: Claim
) -> None:
    """A job that is put back spends nothing, and shows its error while it waits."""
    assert await holding.put_back(session, held, MISSING, delay=30)

    assert await history(session, job) == []
    assert (job.state, job.dispatch, job.attempt) == (JobStatus.QUEUED, 2, 0)
    assert job.error == MISSING.model_dump(mode="json")
    again = await holding.claim(session, job.id, 2, "worker", 15)
    assert again is not None
    assert again.attempt == 1


@pytest.mark.parametrize("end", REQUEUEING.values(), ids=REQUEUEING.keys())
async def test_a_job_to_be_cancelled_does_not_run_again(
    session: AsyncSession,
    job: Job,
    held: Claim,
    end: End,
) -> None:
    """The attempt ended in another way before the worker noticed the request."""
    await transitions.cancel(session, job.id, "t")
    assert await end(session, held) is JobStatus.CANCELLED
    await session.refresh(job)

    assert (job.state, job.worker_id) == (JobStatus.CANCELLED, None)
    assert job.finished_at is not None


@pytest.mark.parametrize("end", ENDINGS.values(), ids=ENDINGS.keys())
@pytest.mark.parametrize("difference", ["worker_id", "dispatch", "job_id", "started_at"])
async def test_only_the_holder_may_end_an_attempt(
    session: AsyncSession, job: Job, held: Claim, end: End, difference: str
) -> None:
    """Another worker, another dispatch and another job change nothing, nor does a second ending."""
    others: dict[str, Any] = {
        "worker_id": "another",
        "dispatch": 2,
        "job_id": uuid4(),
        "started_at": held.started_at - timedelta(seconds=1),
    }
    assert not await end(session, replace(held, **{difference: others[difference]}))
    assert await history(session, job) == []
    assert (job.state, job.worker_id, job.dispatch) == (JobStatus.RUNNING, "worker", 1)

    assert await end(session, held)


@pytest.mark.parametrize("end", ENDINGS.values(), ids=ENDINGS.keys())
async def test_an_ending_whose_answer_was_lost_is_found_again(
    session: AsyncSession, job: Job, held: Claim, end: End
) -> None:
    """The worker stores it once more, which changes nothing. A job that was put back has no record
    by which the ending could be found."""
    state = await end(session, held)
    attempts = await history(session, job)
    found = await end(session, held)

    assert found == (state if attempts else None)
    assert await history(session, job) == attempts
    assert (job.state, job.dispatch) == (state, held.dispatch + (end in _REDISPATCHING))


async def test_a_job_that_has_ended_does_not_change(
    session: AsyncSession, job: Job, held: Claim
) -> None:
    """Late writes by the same holder have no effect either."""
    assert await succeed(session, held)

    assert not await holding.fail(session, held, RECORD, NO_TEXT)
    assert not await holding.release(session, held, RECORD)
    assert await holding.claim(session, job.id, 1, "worker", 15) is None
    await session.refresh(job)
    assert job.state == JobStatus.SUCCEEDED
