"""The transitions that callers ask for: cancel a job, or run it again."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningUpdate

from shared.contracts.features import Queue
from shared.contracts.jobs import JobStatus
from shared.rejections import ImageDeleted, NotRetryable
from shared.store.models import LIVE, Job, JobImage
from shared.store.queues.order import take_turns
from shared.store.retry_policy import BUDGETS
from shared.store.transitions.values import cancelled_error, requeued, spent_column

# The states from which a job can be queued again.
REVIVABLE = (JobStatus.FAILED, JobStatus.CANCELLED)


class Cancelling(NamedTuple):
    """A job whose end a caller asked for: it is cancelled, or still running.

    A newer version may have written a `feature` that this one does not know.
    """

    state: JobStatus
    feature: str


async def cancel(session: AsyncSession, job_id: UUID, tenant_id: str) -> Cancelling | None:
    """Cancel a queued job at once, or note the request for the worker that runs the job.

    Returns None if the job was neither queued nor running, or is not this tenant's.
    """
    wanted = Job.id == job_id, Job.tenant_id == tenant_id
    row = (await session.execute(_cancelling(*wanted))).one_or_none()
    return None if row is None else Cancelling(JobStatus(row.state), row.feature)


async def cancel_of_tenant(
    session: AsyncSession, tenant_id: str, begun: datetime, limit: int
) -> Sequence[tuple[UUID, Cancelling]]:
    """Do so for up to `limit` jobs of a tenant that were submitted until `begun`.

    Returns them by id. Those of which it was asked before are left out.
    """
    live = (
        select(Job.id)
        .where(LIVE, Job.tenant_id == tenant_id, Job.created_at <= begun)
        .where(Job.cancel_requested_at.is_(None))
        .order_by(Job.id)
        .limit(limit)
        .with_for_update(key_share=True)
    )
    return await _cancel_each(session, live)


async def cancel_each(
    session: AsyncSession, jobs: Sequence[Job]
) -> Sequence[tuple[UUID, Cancelling]]:
    """Do so for several jobs, and return by their ids those that had not ended."""
    # Locked in the order in which all others do.
    ids = [job.id for job in jobs]
    locked = select(Job.id).where(Job.id.in_(ids)).order_by(Job.id)
    return await _cancel_each(session, locked.with_for_update(key_share=True))


async def _cancel_each(
    session: AsyncSession, wanted: Select[tuple[UUID]]
) -> Sequence[tuple[UUID, Cancelling]]:
    statement = _cancelling(Job.id.in_(wanted)).execution_options(synchronize_session=False)
    rows = await session.execute(statement)
    return [(row.id, Cancelling(JobStatus(row.state), row.feature)) for row in rows]


def _cancelling(*wanted: ColumnElement[bool]) -> ReturningUpdate[tuple[UUID, str, str]]:
    queued = Job.state == JobStatus.QUEUED
    return (
        update(Job)
        .where(*wanted, Job.state.in_((JobStatus.QUEUED, JobStatus.RUNNING)))
        .values(
            state=case((queued, JobStatus.CANCELLED), else_=Job.state),
            error=case((queued, cancelled_error()), else_=Job.error),
            finished_at=case((queued, func.now()), else_=Job.finished_at),
            cancel_requested_at=func.coalesce(Job.cancel_requested_at, func.now()),
        )
        .returning(Job.id, Job.state, Job.feature)
    )


async def revive(session: AsyncSession, job_id: UUID, tenant_id: str) -> bool:
    """Queue a failed or cancelled job again, with new budgets and its history kept.

    It gets a turn like a new job, so that many jobs that are revived at once are in no other
    tenant's way. Returns False if the job is neither failed nor cancelled, or is not this tenant's.
    Raises NotRetryable if the same work was submitted again and has not ended, or if the image of
    the job is not kept any more.
    """
    ended = Job.id == job_id, Job.tenant_id == tenant_id, Job.state.in_(REVIVABLE)
    # Another tenant's job is not touched. A job keeps its tenant, so this needs no lock.
    if await session.scalar(select(Job.id).where(*ended)) is None:
        return False
    # The turn comes before any lock of the job: see the order of locks in GIVEN.
    await take_turns(session, [job_id], REVIVABLE)
    # From now on nobody prunes the job or its image.
    locked = select(Job.queue).where(*ended).with_for_update(key_share=True)
    if await session.scalar(locked) == Queue.RECEIPTS and not await _has_image(session, job_id):
        raise NotRetryable("The image of the job is not kept any more; submit the receipt again.")
    try:
        return await session.scalar(_reviving(*ended)) is not None
    except IntegrityError as error:
        # The unique index on the content key allows only one live job.
        raise NotRetryable("The same work was submitted again and has not ended.") from error


async def revive_each(session: AsyncSession, jobs: Sequence[Job]) -> dict[UUID, str]:
    """Do so for several jobs; return the code of the refusal of each that was not queued again."""
    ids = [job.id for job in jobs]
    await take_turns(session, ids, REVIVABLE)
    # From now on nobody prunes the jobs or their images.
    ended = Job.id.in_(ids), Job.state.in_(REVIVABLE)
    locked = select(Job.id, Job.queue).where(*ended).order_by(Job.id)
    rows = (await session.execute(locked.with_for_update(key_share=True))).all()
    images = set(await session.scalars(select(JobImage.job_id).where(JobImage.job_id.in_(ids))))
    refusals = dict.fromkeys(ids, NotRetryable.code)
    kept = []
    for row in rows:
        if row.queue == Queue.RECEIPTS and row.id not in images:
            refusals[row.id] = ImageDeleted.code
        else:
            kept.append(row.id)
    for revived in await _revive_apart(session, kept):
        del refusals[revived]
    return refusals


async def _revive_apart(session: AsyncSession, ids: Sequence[UUID]) -> Sequence[UUID]:
    """Queue locked jobs again, and return their ids, without those whose work is live already."""
    if not ids:
        return []
    try:
        async with session.begin_nested():
            return (await session.scalars(_reviving(Job.id.in_(ids)))).all()
    except IntegrityError:
        if len(ids) == 1:
            return []
    # One of them spoils all. Halves find it in few statements.
    middle = len(ids) // 2
    halves = ids[:middle], ids[middle:]
    return [job_id for half in halves for job_id in await _revive_apart(session, half)]


def _reviving(*wanted: ColumnElement[bool]) -> ReturningUpdate[tuple[UUID]]:
    return (
        update(Job)
        .where(*wanted)
        .values(
            **requeued(),
            error=None,
            finished_at=None,
            cancel_requested_at=None,
            **{spent_column(error_class): 0 for error_class in BUDGETS},
        )
        .returning(Job.id)
        .execution_options(synchronize_session=False)
    )


async def _has_image(session: AsyncSession, job_id: UUID) -> bool:
    return (
        await session.scalar(select(JobImage.job_id).where(JobImage.job_id == job_id)) is not None
    )
