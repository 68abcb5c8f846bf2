"""Transitions of a job's state: each guard in turn, and what every ending leaves behind."""

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from shared import transitions
from shared.contracts.features import Feature
from shared.contracts.jobs import JobError, JobStatus, Outcome
from shared.database import Database
from shared.errors import ErrorClass
from shared.jobs import JobRepository, NewJob
from shared.models import Job
from shared.transitions import AttemptLog, Claim

LOG = AttemptLog(stages=[{"name": "s", "start_ms": 0.0, "duration_ms": 1.0}], trace_id="f" * 32)
ERROR = JobError(
    code="no_text_found", error_class=ErrorClass.BAD_INPUT, detail="None.", retryable=False
)


@pytest.fixture
async def session(database: Database) -> AsyncIterator[AsyncSession]:
    """One transaction for the whole test: now() stands still in it."""
    async with database.transaction() as session:
        yield session


@pytest.fixture
async def job(session: AsyncSession) -> Job:
    """A queued job."""
    job, found = await JobRepository(session).add(
        NewJob(
            tenant_id="t",
            user_id=None,
            request_id=None,
            feature=Feature.CATEGORIZATION,
            priority=0,
            payload={},
            image=None,
            idempotency_key=None,
            content_key=None,
            request_hash="h",
            trace_carrier={},
        )
    )
    assert not found
    return job


@pytest.fixture
async def held(session: AsyncSession, job: Job) -> Claim:
    """The right to run it."""
    held = await transitions.claim(session, job.id, 1, "worker", 15)
    assert held is not None
    return held


async def test_a_claim_starts_an_attempt_under_a_lease(
    session: AsyncSession, job: Job, held: Claim
) -> None:
    """The lease is Postgres's time, not the worker's."""
    await session.refresh(job)

    assert (job.state, job.worker_id, job.attempt) == (JobStatus.RUNNING, "worker", 1)
    assert job.started_at == held.started_at
    assert job.lease_until is not None
    assert (job.lease_until - held.started_at).total_seconds() == 15


async def test_a_job_is_claimed_once(session: AsyncSession, job: Job, held: Claim) -> None:
    """A second delivery of the message finds nothing to do."""
    assert await transitions.claim(session, job.id, 1, "another", 15) is None
    assert await transitions.claim(session, job.id, 1, "worker", 15) is None


@pytest.mark.parametrize("dispatch", [0, 2])
async def test_a_message_of_another_dispatch_claims_nothing(
    session: AsyncSession, job: Job, dispatch: int
) -> None:
    """Neither an old message nor one that does not exist yet."""
    assert await transitions.claim(session, job.id, dispatch, "worker", 15) is None
    assert await transitions.claim(session, uuid4(), 1, "worker", 15) is None


async def test_success_is_stored_with_its_attempt(
    session: AsyncSession, job: Job, held: Claim
) -> None:
    """One statement writes both."""
    assert await _succeed(session, held)
    await session.refresh(job)
    (attempt,) = (await JobRepository(session).attempts([job.id]))[job.id]

    assert (job.state, job.output, job.error) == (JobStatus.SUCCEEDED, {"a": 1.0}, None)
    assert (job.model_id, job.model_version) == ("m", "1")
    assert (job.worker_id, job.lease_until) == (None, None)
    assert job.finished_at is not None
    assert (attempt.number, attempt.outcome, attempt.worker_id) == (1, Outcome.SUCCEEDED, "worker")
    assert (attempt.stages, attempt.trace_id, attempt.error) == (LOG.stages, "f" * 32, None)


async def test_failure_is_stored_with_its_reason(
    session: AsyncSession, job: Job, held: Claim
) -> None:
    """On the job and on the attempt."""
    assert await transitions.fail(session, held, LOG, ERROR)
    await session.refresh(job)
    (attempt,) = (await JobRepository(session).attempts([job.id]))[job.id]

    assert (job.state, job.output) == (JobStatus.FAILED, None)
    assert job.error == attempt.error == ERROR.model_dump(mode="json")


async def test_a_released_job_is_as_it_was_and_its_message_still_good(
    session: AsyncSession, job: Job, held: Claim
) -> None:
    """The same dispatch claims it again; the history knows of both runs."""
    before = job.queued_at
    assert await transitions.release(session, held, LOG)
    await session.refresh(job)

    assert (job.state, job.worker_id, job.started_at) == (JobStatus.QUEUED, None, None)
    assert (job.dispatch, job.queued_at) == (1, before)
    again = await transitions.claim(session, job.id, 1, "another", 15)
    assert again is not None
    assert again.attempt == 2
    assert await _succeed(session, again)
    attempts = (await JobRepository(session).attempts([job.id]))[job.id]
    assert [one.outcome for one in attempts] == [Outcome.RELEASED, Outcome.SUCCEEDED]


# What a zombie, a worker of another dispatch, and one that mixed up ids would hold.
FOREIGN = [
    pytest.param({"worker_id": "another"}, id="another worker"),
    pytest.param({"dispatch": 2}, id="another dispatch"),
    pytest.param({"job_id": uuid4()}, id="another job"),
]


@pytest.mark.parametrize("difference", FOREIGN)
async def test_only_the_holder_may_end_a_run(
    session: AsyncSession, job: Job, held: Claim, difference: dict[str, object]
) -> None:
    """Each guard in turn: a write that names something else changes nothing."""
    foreign = replace(held, **difference)  # type: ignore[arg-type]

    assert not await _succeed(session, foreign)
    assert not await transitions.fail(session, foreign, LOG, ERROR)
    assert not await transitions.release(session, foreign, LOG)
    await session.refresh(job)
    assert (job.state, job.worker_id) == (JobStatus.RUNNING, "worker")
    assert (await JobRepository(session).attempts([job.id]))[job.id] == []


async def test_what_has_ended_stays_as_it_ended(
    session: AsyncSession, job: Job, held: Claim
) -> None:
    """A late write of the same holder is a no-op as well."""
    assert await _succeed(session, held)

    assert not await transitions.fail(session, held, LOG, ERROR)
    assert not await transitions.release(session, held, LOG)
    assert not await _succeed(session, held)
    assert await transitions.claim(session, job.id, 1, "worker", 15) is None
    await session.refresh(job)
    assert job.state == JobStatus.SUCCEEDED


async def test_a_heartbeat_renews_what_is_still_held(
    session: AsyncSession, job: Job, held: Claim
) -> None:
    """And tells which jobs these are."""
    assert await transitions.renew(session, "worker", [job.id], 60) == [job.id]
    assert await transitions.renew(session, "another", [job.id], 60) == []
    await session.refresh(job)
    assert job.lease_until is not None
    assert (job.lease_until - held.started_at).total_seconds() == 60

    await _succeed(session, held)
    assert await transitions.renew(session, "worker", [job.id], 60) == []


async def test_a_job_that_is_held_but_not_run_is_left_to_be_rescued(
    session: AsyncSession, job: Job, held: Claim
) -> None:
    """Its ending could not be stored; whoever renewed it would keep it for ever."""
    assert await transitions.renew(session, "worker", [], 60) == []
    await session.refresh(job)
    assert job.lease_until is not None
    assert (job.lease_until - held.started_at).total_seconds() < 60


async def test_renewing_a_lease_touches_no_index(
    session: AsyncSession, job: Job, held: Claim
) -> None:
    """A heartbeat of many jobs must stay a HOT update (design: lease_until in no index)."""
    query = text(
        "SELECT count(*) FROM pg_indexes WHERE tablename = 'jobs' AND indexdef ~ 'lease_until'"
    )
    assert await session.scalar(query) == 0


async def test_the_database_refuses_states_that_are_none(
    database: Database, session: AsyncSession, job: Job
) -> None:
    """Should code ever be wrong, the constraint is the last line."""
    for change in ({"state": "eaten"}, {"state": "running"}, {"worker_id": "w"}):
        with pytest.raises(IntegrityError):
            async with session.begin_nested():
                await session.execute(update(Job).values(change))


async def _succeed(session: AsyncSession, held: Claim) -> JobStatus | None:
    return await transitions.succeed(
        session, held, LOG, output={"a": 1.0}, model_id="m", model_version="1"
    )
