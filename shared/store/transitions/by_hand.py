"""The transitions that callers ask for: cancel a job, or run it again."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import case, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.features import Queue
from shared.contracts.jobs import JobStatus
from shared.rejections import NotRetryable
from shared.store.models import Job, JobImage
from shared.store.retry_policy import BUDGETS
from shared.store.transitions.values import cancelled_error, requeued, spent_column


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
    queued = Job.state == JobStatus.QUEUED
    statement = (
        update(Job)
        .where(
            Job.id == job_id,
            Job.tenant_id == tenant_id,
            Job.state.in_((JobStatus.QUEUED, JobStatus.RUNNING)),
        )
        .values(
            state=case((queued, JobStatus.CANCELLED), else_=Job.state),
            error=case((queued, cancelled_error()), else_=Job.error),
            finished_at=case((queued, func.now()), else_=Job.finished_at),
            cancel_requested_at=func.coalesce(Job.cancel_requested_at, func.now()),
        )
        .returning(Job.state, Job.feature)
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else Cancelling(JobStatus(row.state), row.feature)


async def revive(session: AsyncSession, job_id: UUID, tenant_id: str) -> bool:
    """Queue a failed or cancelled job again, with new budgets and its history kept.

    Returns False if the job is neither failed nor cancelled, or is not this tenant's. Raises
    NotRetryable if the same work was submitted again and has not ended, or if the image of the job
    is not kept any more.
    """
    ended = (
        Job.id == job_id,
        Job.tenant_id == tenant_id,
        Job.state.in_((JobStatus.FAILED, JobStatus.CANCELLED)),
    )
    # From now on no image is pruned.
    locked = select(Job.queue).where(*ended).with_for_update(key_share=True)
    if await session.scalar(locked) == Queue.RECEIPTS and not await _has_image(session, job_id):
        raise NotRetryable("The image of the job is not kept any more; submit the receipt again.")
    statement = (
        update(Job)
        .where(*ended)
        .values(
            **requeued(),
            error=None,
            finished_at=None,
            cancel_requested_at=None,
            **{spent_column(error_class): 0 for error_class in BUDGETS},
        )
        .returning(Job.id)
    )
    try:
        return await session.scalar(statement) is not None
    except IntegrityError as error:
        # The unique index on the content key allows only one live job.
        raise NotRetryable("The same work was submitted again and has not ended.") from error


async def _has_image(session: AsyncSession, job_id: UUID) -> bool:
    return (
        await session.scalar(select(JobImage.job_id).where(JobImage.job_id == job_id)) is not None
    )
