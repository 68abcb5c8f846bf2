"""Claims: who gets a job, and who may renew its lease."""

from uuid import uuid4

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.jobs import JobStatus
from shared.store.hot.claiming import Claim
from shared.store.models import Job
from shared.store.postgres.database import Database
from tests.shared.store.transitions.endings import succeed
from tests.support import holding


async def test_a_claim_starts_an_attempt_under_a_lease(
    session: AsyncSession, job: Job, held: Claim
) -> None:
    """The lease is by the clock of Postgres and not by that of the worker."""
    await session.refresh(job)

    assert (job.state, job.worker_id, job.attempt) == (JobStatus.RUNNING, "worker", 1)
    assert job.started_at == held.started_at
    assert job.lease_until is not None
    assert (job.lease_until - held.started_at).total_seconds() == 15


async def test_a_job_is_claimed_once(session: AsyncSession, job: Job, held: Claim) -> None:
    """A second delivery of the message finds nothing to do."""
    assert await holding.claim(session, job.id, 1, "another", 15) is None


async def test_a_claim_whose_answer_was_lost_is_found_again(
    session: AsyncSession, job: Job, held: Claim
) -> None:
    """The worker asks again, and the attempt counts once. A message that comes again to a worker
    that holds its job, but does not run it any more, brings no second run."""
    assert await holding.claim(session, job.id, 1, "worker", 15) is None
    assert await holding.claim(session, job.id, 1, "another", 15, again=True) is None
    assert await holding.claim(session, job.id, 1, "worker", 15, again=True) == held
    await session.refresh(job)

    assert (job.attempt, job.started_at) == (1, held.started_at)


@pytest.mark.parametrize("dispatch", [0, 2])
async def test_a_message_of_another_dispatch_claims_nothing(
    session: AsyncSession, job: Job, dispatch: int
) -> None:
    """The job cannot be claimed by an earlier or a later dispatch, nor can an unknown job."""
    assert await holding.claim(session, job.id, dispatch, "worker", 15) is None
    assert await holding.claim(session, uuid4(), 1, "worker", 15) is None


async def test_a_heartbeat_renews_what_is_still_held(
    session: AsyncSession, job: Job, held: Claim
) -> None:
    """`renew` returns the jobs whose leases it has renewed."""
    assert await holding.renew(session, "worker", [job.id], 60) == [job.id]
    assert await holding.renew(session, "another", [job.id], 60) == []
    await session.refresh(job)
    assert job.lease_until is not None
    assert (job.lease_until - held.started_at).total_seconds() == 60

    await succeed(session, held)
    assert await holding.renew(session, "worker", [job.id], 60) == []


async def test_a_job_that_is_held_but_not_run_is_left_to_be_rescued(
    session: AsyncSession, job: Job, held: Claim
) -> None:
    """If its end could not be stored, renewing its lease would keep it running forever."""
    assert await holding.renew(session, "worker", [], 60) == []
    await session.refresh(job)
    assert job.lease_until is not None
    assert (job.lease_until - held.started_at).total_seconds() < 60


async def test_renewing_a_lease_touches_no_index(
    session: AsyncSession, job: Job, held: Claim
) -> None:
    """Renewing many leases must stay a heap-only (HOT) update, which an index would prevent."""
    query = text(
        "SELECT count(*) FROM pg_indexes WHERE tablename = 'jobs' AND indexdef ~ 'lease_until'"
    )
    assert await session.scalar(query) == 0


async def test_the_database_refuses_impossible_states(
    database: Database, session: AsyncSession, job: Job
) -> None:
    """The constraints are the last line of defence against wrong code."""
    for change in ({"state": "eaten"}, {"state": "running"}, {"worker_id": "w"}):
        with pytest.raises(IntegrityError):
            async with session.begin_nested():
                await session.execute(update(Job).values(change))
