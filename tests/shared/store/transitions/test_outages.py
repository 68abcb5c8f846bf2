"""An outage of Postgres, in which all leases run out, costs no worker that lives its jobs."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.store import transitions
from shared.store.hot.claiming import Claim
from shared.store.hot.leases import Leases
from shared.store.models import Job, WorkerRecord
from shared.store.workers import end_worker
from tests.support import holding
from tests.support.job_rows import insert_job, new_job

# As `holding.renew` has it.
LEASES = Leases(15, 5)


@pytest.fixture
async def others(session: AsyncSession) -> Claim:
    """A claim on another job, by the worker called `other`."""
    other = await insert_job(session, new_job())
    held = await holding.claim(session, other.id, 1, "other", LEASES.last)
    assert held is not None
    return held


async def beat(session: AsyncSession, held: Claim) -> bool:
    """Beat for the worker of a claim; return whether it holds its job."""
    return bool(await holding.renew(session, held.worker_id, [held.job_id], LEASES.last))


async def pass_time(session: AsyncSession, seconds: float) -> None:
    """Change the rows as if they had been written so much earlier. SQL's now() stays the same."""
    past = timedelta(seconds=seconds)
    await session.execute(update(Job).values(lease_until=Job.lease_until - past))
    await session.execute(
        update(WorkerRecord).values(
            seen_at=WorkerRecord.seen_at - past,
            ended_silence_at=WorkerRecord.ended_silence_at - past,
        )
    )


async def rescued_from(session: AsyncSession) -> list[str]:
    """Rescue, and return the workers whose jobs were rescued."""
    return [job.worker_id for job in await transitions.rescue(session, 10, LEASES)]


async def test_after_an_outage_every_worker_has_the_time_of_a_lease(
    session: AsyncSession, held: Claim, others: Claim
) -> None:
    """One resumes at once. The other has died, and is missed as long after the outage as else."""
    assert await beat(session, held)
    assert await beat(session, others)
    await pass_time(session, 60)
    assert await rescued_from(session) == []
    assert await beat(session, held)
    assert await rescued_from(session) == []
    for _ in range(2):
        await pass_time(session, LEASES.renewed_after)
        assert await beat(session, held)
        assert await rescued_from(session) == []
    await pass_time(session, LEASES.renewed_after)

    assert await rescued_from(session) == ["other"]


async def test_a_worker_that_resumes_last_holds_its_job(
    session: AsyncSession, held: Claim, others: Claim
) -> None:
    """A heartbeat renews a lease that ran out, if nobody rescued the job."""
    assert await beat(session, held)
    assert await beat(session, others)
    await pass_time(session, 60)
    assert await beat(session, held)
    await pass_time(session, LEASES.renewed_after)
    assert await beat(session, held)
    await pass_time(session, LEASES.renewed_after)
    assert await beat(session, others)
    assert await beat(session, held)
    await pass_time(session, LEASES.renewed_after + 1)

    assert await rescued_from(session) == []


async def test_a_worker_that_dies_alone_is_missed_at_once(
    session: AsyncSession, held: Claim, others: Claim
) -> None:
    """The others go on, so Postgres was there, and nobody has to be given time."""
    for _ in range(3):
        assert await beat(session, held)
        await pass_time(session, LEASES.renewed_after)
    assert await beat(session, held)
    await pass_time(session, 1)

    assert await rescued_from(session) == ["other"]
    assert await session.scalar(select(func.count(WorkerRecord.ended_silence_at))) == 0


async def test_a_worker_that_shuts_down_first_takes_nobodys_time(
    session: AsyncSession, held: Claim, others: Claim
) -> None:
    """The last word of a worker ends the silence as a heartbeat does."""
    assert await beat(session, held)
    assert await beat(session, others)
    await pass_time(session, 60)
    await end_worker(session, "other", LEASES)

    assert await rescued_from(session) == []


async def test_a_lease_that_ran_out_while_its_row_was_locked_is_renewed_first(
    session: AsyncSession, held: Claim
) -> None:
    """A living worker says that it could not renew the lease. One that dies is not waited for."""
    assert await beat(session, held)
    await session.execute(update(WorkerRecord).values(skipped=True))
    await session.execute(
        update(Job).values(lease_until=func.now() - timedelta(seconds=LEASES.last))
    )
    assert await rescued_from(session) == []
    await session.execute(update(WorkerRecord).values(alive_until=func.now()))

    assert await rescued_from(session) == [held.worker_id]
