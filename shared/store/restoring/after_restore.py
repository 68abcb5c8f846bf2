"""Makes a database that was restored to an earlier moment fit to be used again."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningDelete, ReturningUpdate

from shared.contracts.callbacks import DeliveryState
from shared.contracts.search.bulk import BulkState
from shared.store.access.audit import COMMAND_LINE, record
from shared.store.models import (
    BulkOperation,
    CallbackDelivery,
    ConsoleSession,
    QueuePause,
    Token,
    WorkerRecord,
)
from shared.store.transitions.restored import QueuedAnew, queue_anew


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What was done, as numbers of rows. `paused` names the queues that the backup has paused."""

    jobs: QueuedAnew
    tokens: int
    sessions: int
    callbacks: int
    bulk_operations: int
    workers: int
    paused: list[str]


async def after_restore(session: AsyncSession) -> Restored:
    """Do within the caller's transaction all that a restored database needs, and audit it.

    Doing it again raises the dispatches of live jobs again, gives pending callbacks another day,
    and adds a second entry to the audit. The messages in Redis have to be cleared before.
    """
    jobs = await queue_anew(session)
    found = Restored(
        jobs=jobs,
        tokens=await _count(session, _revoke_tokens()),
        sessions=await _count(session, delete(ConsoleSession).returning(ConsoleSession.key_hash)),
        callbacks=await _count(session, _queue_callbacks_again()),
        bulk_operations=await _count(session, _stop_bulk_operations()),
        workers=await _count(session, delete(WorkerRecord).returning(WorkerRecord.id)),
        paused=list(await session.scalars(select(QueuePause.queue).order_by(QueuePause.queue))),
    )
    await record(session, "database.restore", COMMAND_LINE, "jobs")
    return found


async def _count(session: AsyncSession, change: ReturningUpdate[Any] | ReturningDelete[Any]) -> int:
    statement = change.execution_options(synchronize_session=False)
    return len((await session.scalars(statement)).all())


def _revoke_tokens() -> ReturningUpdate[Any]:
    """Revoke every token: one that was revoked after the restored moment would live again."""
    living = update(Token).where(Token.revoked_at.is_(None)).values(revoked_at=func.now())
    return living.returning(Token.id)


def _queue_callbacks_again() -> ReturningUpdate[Any]:
    """Make every pending delivery due now, with a whole day ahead of it.

    It may have been made after the restored moment, and is then made twice.
    """
    pending = update(CallbackDelivery).where(CallbackDelivery.state == DeliveryState.PENDING)
    now = func.now()
    return pending.values(attempts=0, due_at=now, pending_since=now).returning(CallbackDelivery.id)


def _stop_bulk_operations() -> ReturningUpdate[Any]:
    """Stop those that run. Somebody may have stopped them after the restored moment."""
    now = func.now()
    running = update(BulkOperation).where(BulkOperation.state == BulkState.RUNNING)
    ended = {"waits_for": None, "finished_at": now, "changed_at": now}
    return running.values(state=BulkState.STOPPED, **ended).returning(BulkOperation.id)
