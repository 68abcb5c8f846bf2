"""Records which queued jobs have their message in Redis.

`published_at` is null while the message of the row's dispatch has yet to be sent, because the
broker is unavailable or the job is not due. Such rows form the outbox, which workers publish. A new
row counts as published, because its front publishes it next, and `store` empties the column of a
job that is to run again, together with its turn: it gets another when it is due.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Update, case, func, null, select, true, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.features import Queue
from shared.contracts.jobs import JobStatus
from shared.store.models import Job

# The job id and the dispatch that a message stands for.
MessageKey = tuple[UUID, int]


def unpublished(unless: ColumnElement[bool] | None = None) -> dict[str, Any]:
    """Return the column values that put a row into the outbox, for use in an UPDATE.

    Rows for which `unless` holds keep their `published_at`. Transitions set these values together
    with the state.
    """
    if unless is None:
        return {"published_at": None}
    return {"published_at": case((unless, Job.published_at), else_=null())}


# Where a page of the outbox ends: `queued_at` and the id of its last job.
PageEnd = tuple[datetime, UUID]


async def lock_due(
    session: AsyncSession, limit: int, after: PageEnd | None = None
) -> Sequence[Job]:
    """Lock and return up to `limit` due jobs of the outbox, those that became due earliest first.

    They have turns, and come `after` the end of another page, if there is one. Jobs that another
    transaction has locked are skipped.
    """
    beyond = tuple_(Job.queued_at, Job.id) > after if after else true()
    due = (
        select(Job)
        .where(
            Job.state == JobStatus.QUEUED,
            Job.published_at.is_(None),
            Job.queued_at <= func.now(),
            Job.turn.is_not(None),
            beyond,
        )
        .order_by(Job.queued_at, Job.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.scalars(due)).all()


async def note_published(session: AsyncSession, keys: Collection[MessageKey]) -> None:
    """Record that these messages have been sent.

    Changes nothing about jobs that are not queued under that dispatch any more.
    """
    await session.execute(_queued_as(keys).values(published_at=func.now()))


async def published_before(
    session: AsyncSession, queue: Queue, age: timedelta, *, after: UUID | None, limit: int
) -> list[MessageKey]:
    """Return the messages of up to `limit` queued jobs that were sent more than `age` ago.

    The order is that of the job ids. `after` is the last id of the previous page; None begins at
    the first.
    """
    query = (
        select(Job.id, Job.dispatch)
        .where(
            Job.queue == queue,
            Job.state == JobStatus.QUEUED,
            Job.published_at < func.now() - age,
        )
        .order_by(Job.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(Job.id > after)
    return [(row.id, row.dispatch) for row in await session.execute(query)]


async def unfinished(session: AsyncSession, keys: Collection[MessageKey]) -> set[MessageKey]:
    """Return those of the messages whose job is queued or running under the same dispatch."""
    query = select(Job.id, Job.dispatch).where(
        tuple_(Job.id, Job.dispatch).in_(keys),
        Job.state.in_((JobStatus.QUEUED, JobStatus.RUNNING)),
    )
    return {(row.id, row.dispatch) for row in await session.execute(query)}


async def send_again(session: AsyncSession, keys: Collection[MessageKey]) -> None:
    """Put the jobs that are still queued under these dispatches into the outbox."""
    await session.execute(_queued_as(keys).values(**unpublished()))


def _queued_as(keys: Collection[MessageKey]) -> Update:
    """Change those of the jobs that are queued, locked in the order in which all others do."""
    locked = (
        select(Job.id)
        .where(tuple_(Job.id, Job.dispatch).in_(keys), Job.state == JobStatus.QUEUED)
        .order_by(Job.id)
        .with_for_update(key_share=True)
    )
    return update(Job).where(Job.id.in_(locked)).execution_options(synchronize_session=False)
