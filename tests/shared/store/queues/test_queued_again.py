"""Jobs that are queued again take new turns, and what is deleted or counted meanwhile is right."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.features import Queue
from shared.contracts.jobs import JobError
from shared.errors import EngineUnavailable, TimedOut
from shared.store import transitions
from shared.store.hot.accepting import NewJob
from shared.store.hot.leases import Leases
from shared.store.hot.storing import AttemptRecord
from shared.store.models import Job
from shared.store.postgres.database import Database
from shared.store.publication import lock_due
from shared.store.queue_stats import queue_stats
from shared.store.queues.order import give_turns, lift, prune_turns
from shared.store.retention import prune_jobs
from tests.support import holding
from tests.support.job_rows import accept_but, expire, new_job

RECORD = AttemptRecord(stages=[], trace_id=None)


async def post(database: Database, tenant: str, count: int, priority: int = 0) -> list[NewJob]:
    """Accept jobs of a tenant."""
    news = [new_job(tenant_id=tenant, priority=priority) for _ in range(count)]
    await accept_but(database, news)
    return news


async def turn(session: AsyncSession, job_id: UUID) -> int | None:
    """Return the turn of a job."""
    return await session.scalar(select(Job.turn).where(Job.id == job_id))


async def _put_back(session: AsyncSession, job_id: UUID) -> None:
    held = await holding.claim(session, job_id, 1, "w", 15)
    assert held is not None
    await holding.put_back(session, held, JobError.of(EngineUnavailable()), 0)


async def _retry(session: AsyncSession, job_id: UUID) -> None:
    held = await holding.claim(session, job_id, 1, "w", 15)
    assert held is not None
    await holding.retry(session, held, RECORD, JobError.of(TimedOut()), 0)


async def _crash(session: AsyncSession, job_id: UUID) -> None:
    assert await holding.claim(session, job_id, 1, "w", 15)
    await expire(session, await session.get_one(Job, job_id))
    assert await transitions.rescue(session, 1, Leases(15, 5))
    # The pause is over.
    await session.execute(update(Job).where(Job.id == job_id).values(queued_at=func.now()))


@pytest.mark.parametrize("again", [_put_back, _retry, _crash])
async def test_jobs_that_are_queued_again_go_before_no_newcomer(
    database: Database, again: object
) -> None:
    """A tenant with many such jobs would pass over everybody else with all of them."""
    assert callable(again)
    mine = await post(database, "a", 3)
    async with database.transaction() as session:
        for new in mine:
            await again(session, new.id)
            assert await turn(session, new.id) is None
    (other,) = await post(database, "b", 1)
    async with database.transaction() as session:
        assert await lock_due(session, 10) == []
        await give_turns(session, 10)
        turns = [await turn(session, new.id) or 0 for new in mine]
        newcomer = await turn(session, other.id) or 0

    assert sum(turn <= newcomer for turn in turns) <= 1
    assert sorted(turns) == list(range(min(turns), min(turns) + 3))


async def test_a_job_that_is_retried_by_hand_is_in_the_band_that_was_asked_for(
    database: Database,
) -> None:
    """The job was lifted before it failed."""
    (new,) = await post(database, "a", 1)
    async with database.transaction() as session:
        failed = update(Job).where(Job.id == new.id)
        await session.execute(failed.values(state="failed", band=2, finished_at=func.now()))
        assert not await transitions.revive(session, new.id, "b")
        assert await session.scalar(select(Job.band)) == 2
        assert await transitions.revive(session, new.id, "a")
        assert await session.scalar(select(Job.band)) == 0


async def test_no_more_is_lifted_while_redis_is_away(database: Database) -> None:
    """Those that were lifted wait in the outbox."""
    await post(database, "a", 5)
    await post(database, "b", 1, priority=9)
    async with database.transaction() as session:
        await session.execute(update(Job).values(queued_at=func.now() - timedelta(hours=1)))
        lifted = [await lift(session, Queue.ITEMS, 60, 2) for _ in range(3)]

    assert lifted == [2, 0, 0]


async def test_jobs_that_come_while_the_numbers_are_read_count_as_waiting(
    database: Database,
) -> None:
    """Postgres stops `now()` before it looks at the rows, and they count as admitted already."""
    async with database.transaction() as session:
        await session.execute(text("SELECT now()"))
        await post(database, "a", 3)
        numbers = await queue_stats(holding.within(session))

    items = numbers[Queue.ITEMS]
    assert (items.depth, items.scheduled) == (3, 0)
    assert items.oldest_age >= 0


async def test_a_job_that_is_being_revived_is_not_pruned(database: Database) -> None:
    """Pruning does not even wait for it."""
    kept, gone = await post(database, "a", 2)
    async with database.transaction() as session:
        old = func.now() - timedelta(days=2)
        await session.execute(update(Job).values(state="failed", finished_at=old))
    async with database.transaction() as reviving:
        assert await transitions.revive(reviving, kept.id, "a")
        async with database.transaction() as session:
            assert (await prune_jobs(session, 86_400)).count == 1
    async with database.transaction() as session:
        assert (await session.scalars(select(Job.id))).all() == [kept.id]
        assert await session.get(Job, gone.id) is None


async def test_pruning_says_how_many_counters_it_deleted(database: Database) -> None:
    """The next step goes on where there were more."""
    for tenant in "abc":
        await post(database, tenant, 1)
    async with database.transaction() as session:
        await session.execute(text("UPDATE tenant_turns SET turn = 0"))
        assert [await prune_turns(session, 2) for _ in range(3)] == [2, 1, 0]
