"""What after-restore does to the rows of a database, and to whatever a worker of before brings."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.callbacks import DeliveryState
from shared.contracts.features import Queue
from shared.contracts.jobs import JobStatus
from shared.store import transitions
from shared.store.access.sessions import begin_session
from shared.store.models import (
    AuditEntry,
    BulkOperation,
    CallbackDelivery,
    ConsoleSession,
    Job,
    Token,
    WorkerRecord,
)
from shared.store.postgres.database import Database
from shared.store.queues import pauses
from shared.store.restoring.after_restore import Restored, after_restore
from shared.store.restoring.unknown import unknown_jobs
from shared.store.transitions.restored import QueuedAnew
from tests.shared.store.access.test_known_tokens import sent
from tests.support import holding
from tests.support.access.tokens import stored_token
from tests.support.callback_rows import (
    add_job,
    asked,
    change_deliveries,
    deliveries,
    end,
    fail_job,
    read_job_row,
)
from tests.support.job_rows import attempts_of


async def restore(database: Database) -> Restored:
    """Do all of it in a transaction of its own."""
    async with database.transaction() as session:
        return await after_restore(session)


async def test_a_job_that_waited_keeps_its_place_under_a_new_dispatch(database: Database) -> None:
    """The dispatch is above any that a message may name, and rises with every restore."""
    job_id = await add_job(database)
    async with database.transaction() as session:
        values = {"turn": 7, "band": 1, "queued_at": func.now() - timedelta(days=1)}
        await session.execute(update(Job).where(Job.id == job_id).values(values))
    done = await restore(database)
    first = await read_job_row(database, job_id)
    await restore(database)
    second = await read_job_row(database, job_id)

    assert done.jobs == QueuedAnew(waiting=1, running=0, cancelled=0)
    assert (first.state, first.turn, first.published_at) == (JobStatus.QUEUED, 7, None)
    # Its tenant is not refused for its age.
    assert first.queued_at > datetime.now(UTC) - timedelta(hours=1)
    assert 200_000_000 < first.dispatch < second.dispatch < 2**31


async def test_a_retry_that_is_not_due_stays_so(database: Database) -> None:
    """The pause before it goes on."""
    job_id = await add_job(database)
    due = datetime.now(UTC) + timedelta(hours=1)
    async with database.transaction() as session:
        await session.execute(update(Job).where(Job.id == job_id).values(queued_at=due))
    await restore(database)

    assert (await read_job_row(database, job_id)).queued_at == due


async def test_a_job_that_ran_runs_again_and_its_worker_comes_too_late(database: Database) -> None:
    """The attempt is in the history, and costs no budget."""
    job_id = await add_job(database)
    async with database.transaction() as session:
        held = await holding.claim(session, job_id, 1, "worker", 15)
    assert held is not None
    done = await restore(database)
    job = await read_job_row(database, job_id)
    async with database.transaction() as session:
        (attempt,) = await attempts_of(session, job_id)
        late = await holding.claim(session, job_id, 1, "worker", 15)
        again = await holding.claim(session, job_id, job.dispatch, "other", 15)

    assert done.jobs == QueuedAnew(waiting=0, running=1, cancelled=0)
    assert (job.state, job.turn, job.spent_crashed) == (JobStatus.QUEUED, None, 0)
    assert (attempt.number, attempt.outcome, attempt.worker_id) == (1, "released", "worker")
    assert late is None
    assert again is not None
    assert again.attempt == 2


async def test_a_job_that_was_to_be_cancelled_is_cancelled(database: Database) -> None:
    """Nobody runs it once more just to stop it, and its callback is sent."""
    job_id = await add_job(database, asked())
    async with database.transaction() as session:
        await holding.claim(session, job_id, 1, "worker", 15)
        await transitions.cancel(session, job_id, "t")
    done = await restore(database)
    job = await read_job_row(database, job_id)
    (delivery,) = await deliveries(database, job_id)

    assert done.jobs == QueuedAnew(waiting=0, running=0, cancelled=1)
    assert (job.state, job.worker_id) == (JobStatus.CANCELLED, None)
    assert job.error is not None
    assert job.error["code"] == "cancelled"
    assert delivery.event == "job.cancelled"


async def test_a_job_that_has_ended_is_left_alone(database: Database) -> None:
    """Neither a result nor a failure changes."""
    succeeded, failed = await add_job(database), await add_job(database)
    await end(database, succeeded)
    async with database.transaction() as session:
        await fail_job(session, failed)
    before = [await read_job_row(database, job_id) for job_id in (succeeded, failed)]
    done = await restore(database)
    after = [await read_job_row(database, job_id) for job_id in (succeeded, failed)]

    assert done.jobs == QueuedAnew(waiting=0, running=0, cancelled=0)
    assert [(job.state, job.dispatch, job.finished_at) for job in after] == [
        (job.state, job.dispatch, job.finished_at) for job in before
    ]


async def test_callbacks_are_due_again_for_a_whole_day(database: Database) -> None:
    """One whose time was over in the days that the backup is old is not given up at once."""
    waiting, delivered = await add_job(database, asked()), await add_job(database, asked())
    for job_id in (waiting, delivered):
        await end(database, job_id)
    old = func.now() - timedelta(days=3)
    await change_deliveries(database, pending_since=old, attempts=9, due_at=func.now())
    (answered,) = await deliveries(database, delivered)
    async with database.transaction() as session:
        change = update(CallbackDelivery).where(CallbackDelivery.id == answered.id)
        await session.execute(change.values(state=DeliveryState.DELIVERED))
    done = await restore(database)
    (pending,) = await deliveries(database, waiting)
    (kept,) = await deliveries(database, delivered)

    assert done.callbacks == 1
    assert (pending.attempts, kept.attempts) == (0, 9)
    assert pending.pending_since > datetime.now(UTC) - timedelta(hours=1)


async def test_nobody_gets_in_with_what_the_backup_knows(database: Database) -> None:
    """Tokens are revoked and sessions ended, and the audit says that it was restored."""
    token = await stored_token(database)
    async with database.transaction() as session:
        await begin_session(session, "key", sent(token), 60)
    done = await restore(database)
    async with database.transaction() as session:
        living = await session.scalar(select(func.count()).where(Token.revoked_at.is_(None)))
        sessions = await session.scalar(select(func.count()).select_from(ConsoleSession))
        entries = (await session.scalars(select(AuditEntry))).all()
    again = await restore(database)

    assert (done.tokens, done.sessions, living, sessions) == (1, 1, 0, 0)
    assert (again.tokens, again.sessions) == (0, 0)
    assert [(entry.action, entry.actor) for entry in entries] == [("database.restore", "cli")]


async def test_operators_find_what_they_had_under_way_stopped(database: Database) -> None:
    """A pause stays, since work that starts by itself is worse than work that waits."""
    async with database.transaction() as session:
        operation = BulkOperation(action="cancel", conditions={}, actor="cli", matched=3)
        worker = WorkerRecord(
            id="w", version="1", queues=["items"], slots={}, engines={}, alive_until=func.now()
        )
        session.add_all([operation, worker])
        await pauses.pause(session, Queue.ITEMS, "cli")
    done = await restore(database)
    async with database.transaction() as session:
        states = await _bulk_states(session)
        workers = await session.scalar(select(func.count()).select_from(WorkerRecord))

    assert (done.bulk_operations, done.workers, done.paused) == (1, 1, ["items"])
    assert (states, workers) == ([("stopped", True)], 0)


async def test_unknown_jobs_are_found(database: Database) -> None:
    """The order is that of the list."""
    known, gone, never = await add_job(database), uuid4(), uuid4()
    async with database.transaction() as session:
        unknown = await unknown_jobs(session, [never, known, gone])

    assert unknown == [never, gone]


async def _bulk_states(session: AsyncSession) -> list[tuple[str, bool]]:
    rows = await session.scalars(select(BulkOperation))
    return [(row.state, row.finished_at is not None) for row in rows]
