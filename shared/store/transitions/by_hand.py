"""The transitions that callers ask for: cancel a job, or run it again."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import case, func, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.jobs import JobStatus
from shared.rejections import NotRetryable
from shared.store.models import Job
from shared.store.order import take_turns
from shared.store.retry_policy import BUDGETS
from shared.store.transitions.values import cancelled_error, requeued, spent_column

_REVIVABLE = (JobStatus.FAILED, JobStatus.CANCELLED)


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

    It gets a turn like a new job, so that many jobs that are revived at once are in no other
    tenant's way. Returns False if the job is neither failed nor cancelled, or is not this tenant's.
    Raises NotRetryable if the same work was submitted again and has not ended.
    """
    # The turn comes first: see the order of locks in GIVEN.
    await take_turns(session, [job_id], _REVIVABLE)
    statement = (
        update(Job)
        .where(
            Job.id == job_id,
            Job.tenant_id == tenant_id,
            Job.state.in_(_REVIVABLE),
        )
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
