"""Rescue: jobs whose lease has run out are queued again or fail."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.jobs import JobStatus
from shared.contracts.outcomes import AttemptOutcome
from shared.store import transitions
from shared.store.hot.claiming import Claim
from shared.store.hot.leases import Leases
from shared.store.models import Job
from tests.shared.store.transitions.endings import succeed
from tests.support import holding
from tests.support.job_rows import expire, history, insert_job, new_job


async def test_a_job_whose_lease_ran_out_runs_again(
    session: AsyncSession, job: Job, held: Claim
) -> None:
    """A new dispatch makes whatever the old worker still writes come too late."""
    await expire(session, job)
    (rescued,) = await transitions.rescue(session, 10, Leases(15, 5))
    (attempt,) = await history(session, job)

    assert (rescued.job_id, rescued.worker_id) == (job.id, "worker")
    assert rescued.state is JobStatus.QUEUED
    assert (job.state, job.dispatch, job.spent_crashed) == (JobStatus.QUEUED, 2, 1)
    assert (job.worker_id, job.published_at) == (None, None)
    assert (attempt.outcome, attempt.number, attempt.worker_id) == (
        AttemptOutcome.CRASHED,
        1,
        "worker",
    )
    assert not await succeed(session, held)


async def test_a_living_lease_is_left_alone(session: AsyncSession, job: Job, held: Claim) -> None:
    """A queued job, which has no lease, is left alone too."""
    await insert_job(session, new_job())

    assert await transitions.rescue(session, 10, Leases(15, 5)) == []
    assert await history(session, job) == []


async def test_a_job_that_has_killed_three_workers_fails(session: AsyncSession, job: Job) -> None:
    """The history names all three."""
    for dispatch in (1, 2, 3):
        assert await holding.claim(session, job.id, dispatch, f"worker {dispatch}", 15)
        await expire(session, job)
        (rescued,) = await transitions.rescue(session, 10, Leases(15, 5))
    attempts = await history(session, job)

    assert (rescued.state, job.state) == (JobStatus.FAILED, JobStatus.FAILED)
    assert job.error is not None
    assert job.error["error_class"] == "crashed"
    assert [attempt.worker_id for attempt in attempts] == ["worker 1", "worker 2", "worker 3"]


async def test_a_rescue_cancels_a_job_that_was_to_be_cancelled(
    session: AsyncSession, job: Job, held: Claim
) -> None:
    """The job does not run a second time just to be stopped."""
    await transitions.cancel(session, job.id, "t")
    await expire(session, job)
    (rescued,) = await transitions.rescue(session, 10, Leases(15, 5))

    assert rescued.state == JobStatus.CANCELLED


async def test_rescues_are_done_in_chunks(session: AsyncSession) -> None:
    """The limit keeps each transaction short, even after many workers died at once."""
    ids: list[UUID] = []
    for number in range(3):
        job = await insert_job(session, new_job())
        await holding.claim(session, job.id, 1, f"worker {number}", 15)
        await expire(session, job)
        ids.append(job.id)
    first, second = (
        await transitions.rescue(session, 2, Leases(15, 5)),
        await transitions.rescue(session, 2, Leases(15, 5)),
    )

    assert (len(first), len(second)) == (2, 1)
    assert {job.job_id for job in (*first, *second)} == set(ids)
