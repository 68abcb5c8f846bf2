"""Which queued jobs have their message in Redis. The only writer of `jobs.published_at`.

`published_at` is null while the message of the row's dispatch has yet to be sent: the broker is
away, or the job is not due. Such rows are the outbox, which workers publish.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Update, case, func, null, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.features import Queue
from shared.contracts.jobs import JobStatus
from shared.store.models import Job

# A message stands for this row at this dispatch.
MessageKey = tuple[UUID, int]


def unpublished(unless: ColumnElement[bool] | None = None) -> dict[str, Any]:
    """The change that puts a row into the outbox; rows for which `unless` holds keep what they
    have. For the transitions, which set it together with the state."""
    if unless is None:
        return {"published_at": None}
    return {"published_at": case((unless, Job.published_at), else_=null())}


async def note_published(session: AsyncSession, job_id: UUID, dispatch: int) -> None:
    """Record that the message of this dispatch has been sent. A row that has moved on is left
    alone."""
    await session.execute(_queued_as(job_id, dispatch).values(published_at=func.now()))


async def note_deferred(session: AsyncSession, job_id: UUID, dispatch: int) -> None:
    """Record that the message of this dispatch has yet to be sent. A row that has moved on is left
    alone."""
    await session.execute(_queued_as(job_id, dispatch).values(**unpublished()))


async def lock_due(session: AsyncSession, limit: int) -> Sequence[Job]:
    """Lock up to `limit` jobs of the outbox that are due, the longest due first. Jobs that another
    transaction has locked are skipped."""
    due = (
        select(Job)
        .where(
            Job.state == JobStatus.QUEUED,
            Job.published_at.is_(None),
            Job.queued_at <= func.now(),
        )
        .order_by(Job.queued_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.scalars(due)).all()


async def note_all_published(session: AsyncSession, jobs: Collection[Job]) -> None:
    """Record that the messages of these jobs, locked by this transaction, have been sent."""
    await session.execute(
        update(Job)
        .where(Job.id.in_([job.id for job in jobs]))
        .values(published_at=func.now())
        .execution_options(synchronize_session=False)
    )


async def published_before(
    session: AsyncSession, queue: Queue, age: timedelta, *, after: UUID | None, limit: int
) -> list[MessageKey]:
    """Up to `limit` queued jobs whose message was sent more than `age` ago, in the order of their
    ids, from the one behind `after` on."""
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
    """Those of the messages whose job is queued or running at the same dispatch."""
    query = select(Job.id, Job.dispatch).where(
        tuple_(Job.id, Job.dispatch).in_(keys),
        Job.state.in_((JobStatus.QUEUED, JobStatus.RUNNING)),
    )
    return {(row.id, row.dispatch) for row in await session.execute(query)}


async def send_again(session: AsyncSession, keys: Collection[MessageKey]) -> None:
    """Put the queued jobs of these messages back into the outbox."""
    await session.execute(
        update(Job)
        .where(tuple_(Job.id, Job.dispatch).in_(keys), Job.state == JobStatus.QUEUED)
        .values(**unpublished())
    )


def _queued_as(job_id: UUID, dispatch: int) -> Update:
    return update(Job).where(
        Job.id == job_id, Job.state == JobStatus.QUEUED, Job.dispatch == dispatch
    )
