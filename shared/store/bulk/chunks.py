"""Works on bulk operations, one chunk of jobs per transaction.

The transaction locks the row of the operation, changes the jobs and moves the cursor behind them.
So no two fronts work on the same chunk, and of a front that dies either all or nothing was done.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import defer

from shared.contracts.search.bulk import BulkAction, BulkState
from shared.errors import Bug, QueueFull, ServiceError
from shared.rejections import NotCancellable
from shared.store.bulk.selection import next_jobs
from shared.store.models import BulkOperation, Job
from shared.store.postgres.database import Database, Session
from shared.store.postgres.statements import Statement
from shared.store.transitions.by_hand import Cancelling, cancel_each, revive_each

# Jobs of a transaction.
CHUNK = 100
# Seconds after which an operation that has to wait is tried again.
_PAUSE = 1.0
# Seconds after which an operation whose chunk failed is tried again.
_PAUSE_AFTER_FAILURE = 10.0

# What may be large, and is not needed.
_UNREAD = (defer(Job.payload), defer(Job.output))
# Returns how many of the jobs, from the first on, their queues take now.
Room = Callable[[Sequence[Job]], Awaitable[int]]
_DUE = Statement(
    "bulk.due",
    "select",
    "SELECT id FROM bulk_operations WHERE state = 'running' AND due_at <= now() LIMIT 1",
)


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """What was done to the jobs of a chunk, so that others can be informed of it.

    `revived` are the jobs that need a message, `cancelled` those whose end was asked for.
    """

    revived: Sequence[Job] = ()
    cancelled: Sequence[tuple[UUID, Cancelling]] = ()
    refusals: Counter[str] = field(default_factory=Counter)


async def any_due(database: Database) -> bool:
    """Return whether there is something to work on. Raises DatabaseUnavailable."""
    return bool(await database.fetch(_DUE))


async def work(database: Database, room: Room) -> Chunk | None:
    """Do one chunk of the operation that is due first; return what was done, None if none is due.

    Raises DatabaseUnavailable.
    """
    operation_id = None
    try:
        async with database.transaction() as session:
            if (operation := await session.scalar(_first_due())) is None:
                return None
            operation_id = operation.id
            return await _do(session, operation, room)
    except Exception as error:
        if operation_id is not None:
            # One that always fails must not keep the others from their turns.
            code = error.code if isinstance(error, ServiceError) else Bug.code
            async with database.transaction() as session:
                await _wait(session, operation_id, code, _PAUSE_AFTER_FAILURE)
        raise


def _first_due() -> Select[tuple[BulkOperation]]:
    return (
        select(BulkOperation)
        .where(BulkOperation.state == BulkState.RUNNING, BulkOperation.due_at <= func.now())
        .order_by(BulkOperation.due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


async def _do(session: Session, operation: BulkOperation, room: Room) -> Chunk:
    found = await session.scalars(next_jobs(operation, CHUNK).options(*_UNREAD))
    jobs = found.all()
    if not jobs:
        ended = {"state": BulkState.FINISHED, "waits_for": None, "finished_at": func.now()}
        await _store(session, operation.id, ended)
        return Chunk()
    if operation.action == BulkAction.CANCEL:
        return await _cancel(session, operation, jobs)
    return await _retry(session, operation, jobs, room)


async def _cancel(session: Session, operation: BulkOperation, jobs: Sequence[Job]) -> Chunk:
    cancelled = await cancel_each(session, jobs)
    refusals = Counter({NotCancellable.code: len(jobs) - len(cancelled)})
    await _advance(session, operation, jobs, refusals)
    return Chunk(cancelled=cancelled, refusals=+refusals)


async def _retry(
    session: Session, operation: BulkOperation, jobs: Sequence[Job], room: Room
) -> Chunk:
    admitted = await room(jobs)
    if not admitted:
        await _wait(session, operation.id, QueueFull.code, _PAUSE)
        return Chunk()
    jobs = jobs[:admitted]
    refused = await revive_each(session, jobs)
    refusals = Counter(refused.values())
    await _advance(session, operation, jobs, refusals)
    revived = [job.id for job in jobs if job.id not in refused]
    again = select(Job).options(*_UNREAD).where(Job.id.in_(revived))
    found = await session.scalars(again.execution_options(populate_existing=True))
    return Chunk(revived=found.all(), refusals=refusals)


async def _advance(
    session: Session, operation: BulkOperation, jobs: Sequence[Job], refusals: Counter[str]
) -> None:
    """Move the cursor behind the jobs, and count them."""
    skipped = refusals.total()
    values: dict[str, Any] = {
        "after_created_at": jobs[-1].created_at,
        "after_id": jobs[-1].id,
        "done": BulkOperation.done + len(jobs) - skipped,
        "skipped": BulkOperation.skipped + skipped,
        "refusals": dict(+(Counter(operation.refusals) + refusals)),
        "waits_for": None,
        # The others that are due come first.
        "due_at": func.now(),
    }
    await _store(session, operation.id, values)


async def _wait(session: Session, operation_id: UUID, code: str, seconds: float) -> None:
    """Try the operation again after so many seconds, unless it is stopped."""
    due_at = func.now() + func.make_interval(0, 0, 0, 0, 0, 0, seconds)
    await _store(session, operation_id, {"waits_for": code, "due_at": due_at})


async def _store(session: Session, operation_id: UUID, values: dict[str, Any]) -> None:
    running = BulkOperation.id == operation_id, BulkOperation.state == BulkState.RUNNING
    statement = update(BulkOperation).where(*running)
    changed = statement.values(**values, changed_at=func.now())
    await session.execute(changed.execution_options(synchronize_session=False))
