"""Transitions that give a job another run, or end it by hand: each guard, and what is left."""

from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from shared import transitions
from shared.contracts.features import Feature
from shared.contracts.jobs import JobError, JobStatus, Outcome
from shared.database import Database
from shared.errors import EngineUnavailable, ErrorClass, TimedOut
from shared.jobs import JobRepository, NewJob
from shared.models import Job, JobAttempt
from shared.transitions import AttemptLog, Claim

LOG = AttemptLog(stages=[], trace_id=None)
TIMEOUT = JobError.of(TimedOut())
MISSING = JobError.of(EngineUnavailable())


def new_job(**different: Any) -> NewJob:
    """A submission."""
    values: dict[str, Any] = {
        "tenant_id": "t",
        "user_id": None,
        "request_id": None,
        "feature": Feature.CATEGORIZATION,
        "priority": 0,
        "payload": {},
        "image": None,
        "idempotency_key": None,
        "content_key": None,
        "request_hash": "h",
        "trace_carrier": {},
    }
    return NewJob(**{**values, **different})


@pytest.fixture
async def session(database: Database) -> AsyncIterator[AsyncSession]:
    """One transaction for the whole test: now() stands still in it."""
    async with database.transaction() as session:
        yield session


@pytest.fixture
async def job(session: AsyncSession) -> Job:
    """A queued job."""
    return (await JobRepository(session).add(new_job()))[0]


@pytest.fixture
async def held(session: AsyncSession, job: Job) -> Claim:
    """The right to run it."""
    held = await transitions.claim(session, job.id, 1, "worker", 15)
    assert held is not None
    return held


async def history(session: AsyncSession, job: Job) -> list[JobAttempt]:
    """The job's attempts; the job is read anew."""
    await session.refresh(job)
    return (await JobRepository(session).attempts([job.id]))[job.id]


async def expire(session: AsyncSession, job: Job) -> None:
    """As if the worker had not been heard of for long."""
    past = func.now() - timedelta(seconds=1)
    await session.execute(update(Job).where(Job.id == job.id).values(lease_until=past))


async def test_a_retry_is_another_dispatch_due_later(
    session: AsyncSession, job: Job, held: Claim
) -> None:
    """It spends of the budget of its class and of no other; the history keeps why."""
    assert await transitions.retry(session, held, LOG, TIMEOUT, delay=7)
    (attempt,) = await history(session, job)

    assert (job.state, job.dispatch, job.published_at) == (JobStatus.QUEUED, 2, None)
    assert (job.queued_at - held.started_at).total_seconds() == 7
    assert (job.spent_timeout, job.spent_crashed, job.spent_bug, job.spent_transient) == (
        1,
        0,
        0,
        0,
    )
    assert (attempt.outcome, attempt.error) == (Outcome.FAILED, TIMEOUT.model_dump(mode="json"))
    assert await transitions.claim(session, job.id, 1, "worker", 15) is None
    again = await transitions.claim(session, job.id, 2, "another", 15)
    assert again is not None
    assert (again.attempt, again.spent[ErrorClass.TIMEOUT]) == (2, 1)


async def test_a_job_that_is_put_back_spends_nothing(
    session: AsyncSession, job: Job, held: Claim
) -> None:
    """Neither a budget nor an attempt; it tells what it waits for."""
    assert await transitions.put_back(session, held, MISSING, delay=30)

    assert await history(session, job) == []
    assert (job.state, job.dispatch, job.attempt) == (JobStatus.QUEUED, 2, 0)
    assert job.error == MISSING.model_dump(mode="json")
    again = await transitions.claim(session, job.id, 2, "worker", 15)
    assert again is not None
    assert again.attempt == 1


async def test_a_waiting_job_is_cancelled_at_once(session: AsyncSession, job: Job) -> None:
    """It never runs."""
    assert await transitions.cancel(session, job.id, "t")

    assert await history(session, job) == []
    assert job.state == JobStatus.CANCELLED
    assert job.finished_at is not None
    assert job.error is not None
    assert job.error["error_class"] == "cancelled"
    assert await transitions.claim(session, job.id, 1, "worker", 15) is None


async def test_of_a_running_job_cancellation_is_only_asked(
    session: AsyncSession, job: Job, held: Claim
) -> None:
    """Its worker ends it; asked again, the first time counts."""
    assert await transitions.cancel(session, job.id, "t")
    await session.refresh(job)
    assert (job.state, job.finished_at) == (JobStatus.RUNNING, None)
    assert await transitions.cancels_requested(session, "worker") == [job.id]
    assert await transitions.cancels_requested(session, "another") == []
    assert await transitions.end_cancelled(session, held, LOG)

    (attempt,) = await history(session, job)
    assert (job.state, attempt.outcome) == (JobStatus.CANCELLED, Outcome.CANCELLED)
    assert await transitions.cancels_requested(session, "worker") == []


PUT_BACK: list[Callable[[AsyncSession, Claim], Coroutine[Any, Any, JobStatus | None]]] = [
    lambda session, held: transitions.retry(session, held, LOG, TIMEOUT, 0),
    lambda session, held: transitions.put_back(session, held, MISSING, 0),
    lambda session, held: transitions.release(session, held, LOG),
]


@pytest.mark.parametrize("end", PUT_BACK, ids=["retry", "put_back", "release"])
async def test_what_is_to_be_cancelled_does_not_run_again(
    session: AsyncSession,
    job: Job,
    held: Claim,
    end: Callable[[AsyncSession, Claim], Coroutine[Any, Any, JobStatus | None]],
) -> None:
    """Though its run ended otherwise before its worker heard of it."""
    await transitions.cancel(session, job.id, "t")
    assert await end(session, held) is JobStatus.CANCELLED
    await session.refresh(job)

    assert (job.state, job.worker_id) == (JobStatus.CANCELLED, None)
    assert job.finished_at is not None


@pytest.mark.parametrize("end", PUT_BACK, ids=["retry", "put_back", "release"])
@pytest.mark.parametrize("difference", ["worker_id", "dispatch", "job_id"])
async def test_only_the_holder_may_end_a_run(
    session: AsyncSession,
    job: Job,
    held: Claim,
    end: Callable[[AsyncSession, Claim], Coroutine[Any, Any, JobStatus | None]],
    difference: str,
) -> None:
    """A late write of somebody else changes nothing; nor does a second one of the holder."""
    others: dict[str, Any] = {"worker_id": "another", "dispatch": 2, "job_id": uuid4()}
    foreign = replace(held, **{difference: others[difference]})
    assert not await end(session, foreign)
    assert not await transitions.end_cancelled(session, foreign, LOG)
    await session.refresh(job)
    assert (job.state, job.dispatch) == (JobStatus.RUNNING, 1)

    assert await end(session, held)
    assert not await end(session, held)


async def test_what_has_ended_is_neither_cancelled_nor_retried(
    session: AsyncSession, job: Job, held: Claim
) -> None:
    """A result stays a result."""
    await transitions.succeed(session, held, LOG, output={}, model_id="m", model_version="1")

    assert not await transitions.cancel(session, job.id, "t")
    assert not await transitions.revive(session, job.id, "t")
    assert not await transitions.end_cancelled(session, held, LOG)


async def test_nobody_touches_the_job_of_another_tenant(session: AsyncSession, job: Job) -> None:
    """Not even to find out that it is there."""
    assert not await transitions.cancel(session, job.id, "another")
    await transitions.cancel(session, job.id, "t")
    assert not await transitions.revive(session, job.id, "another")


async def test_a_revived_job_has_new_budgets_and_its_old_history(
    session: AsyncSession, job: Job, held: Claim
) -> None:
    """And a dispatch of its own: no old message starts it."""
    await transitions.fail(session, held, LOG, TIMEOUT)
    assert await transitions.revive(session, job.id, "t")
    (attempt,) = await history(session, job)

    assert (job.state, job.dispatch, job.spent_timeout) == (JobStatus.QUEUED, 2, 0)
    assert (job.error, job.finished_at, job.cancel_requested_at) == (None, None, None)
    assert attempt.outcome == Outcome.FAILED
    assert not await transitions.revive(session, job.id, "t")


async def test_a_job_is_not_revived_beside_its_twin(session: AsyncSession) -> None:
    """The same work was submitted again meanwhile."""
    jobs = JobRepository(session)
    first, _ = await jobs.add(new_job(content_key="k"))
    await transitions.cancel(session, first.id, "t")
    await jobs.add(new_job(content_key="k"))

    with pytest.raises(IntegrityError):
        async with session.begin_nested():
            await transitions.revive(session, first.id, "t")


async def test_a_job_whose_lease_ran_out_runs_again(
    session: AsyncSession, job: Job, held: Claim
) -> None:
    """Under a new dispatch: whatever its worker still writes comes too late."""
    await expire(session, job)
    (rescued,) = await transitions.rescue(session, 10)
    (attempt,) = await history(session, job)

    assert (rescued.job_id, rescued.state, rescued.worker_id) == (job.id, "queued", "worker")
    assert (job.state, job.dispatch, job.spent_crashed) == (JobStatus.QUEUED, 2, 1)
    assert (job.worker_id, job.published_at) == (None, None)
    assert (attempt.outcome, attempt.number, attempt.worker_id) == (Outcome.CRASHED, 1, "worker")
    assert not await transitions.succeed(
        session, held, LOG, output={}, model_id="m", model_version="1"
    )


async def test_a_living_lease_is_left_alone(session: AsyncSession, job: Job, held: Claim) -> None:
    """And so is what does not run."""
    await JobRepository(session).add(new_job())

    assert await transitions.rescue(session, 10) == []
    assert await history(session, job) == []


async def test_a_poisonous_job_is_given_up(session: AsyncSession, job: Job) -> None:
    """It has killed three workers by then."""
    for dispatch in (1, 2, 3):
        assert await transitions.claim(session, job.id, dispatch, f"worker {dispatch}", 15)
        await expire(session, job)
        (rescued,) = await transitions.rescue(session, 10)
    attempts = await history(session, job)

    assert (rescued.state, job.state) == (JobStatus.FAILED, JobStatus.FAILED)
    assert job.error is not None
    assert job.error["error_class"] == "crashed"
    assert [attempt.worker_id for attempt in attempts] == ["worker 1", "worker 2", "worker 3"]


async def test_a_rescued_job_that_was_to_be_cancelled_is(
    session: AsyncSession, job: Job, held: Claim
) -> None:
    """It does not run a second time to be stopped."""
    await transitions.cancel(session, job.id, "t")
    await expire(session, job)
    (rescued,) = await transitions.rescue(session, 10)

    assert rescued.state == JobStatus.CANCELLED


async def test_rescues_are_done_in_chunks(session: AsyncSession) -> None:
    """After the death of a large fleet no transaction is long."""
    ids: list[UUID] = []
    for number in range(3):
        job, _ = await JobRepository(session).add(new_job())
        await transitions.claim(session, job.id, 1, f"worker {number}", 15)
        await expire(session, job)
        ids.append(job.id)
    first, second = await transitions.rescue(session, 2), await transitions.rescue(session, 2)

    assert (len(first), len(second)) == (2, 1)
    assert {one.job_id for one in (*first, *second)} == set(ids)
