"""What people ask for: stop a job, run one again."""

from uuid import UUID

from sqlalchemy import case, func, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.jobs import JobStatus
from shared.rejections import NotRetryable
from shared.store.models import Job
from shared.store.retry_policy import BUDGETS
from shared.store.transitions.values import cancelled_error, requeued, spent_column


async def cancel(session: AsyncSession, job_id: UUID, tenant_id: str) -> bool:
    """Cancel a queued job at once; of a running one, note it for its worker. False when it is
    neither (or another tenant's)."""
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
        .returning(Job.id)
    )
    return await session.scalar(statement) is not None


async def revive(session: AsyncSession, job_id: UUID, tenant_id: str) -> bool:
    """Run a failed or cancelled job again, with new budgets; its history stays. False when it is
    neither. Raises NotRetryable when the same work was submitted again and has not ended."""
    statement = (
        update(Job)
        .where(
            Job.id == job_id,
            Job.tenant_id == tenant_id,
            Job.state.in_((JobStatus.FAILED, JobStatus.CANCELLED)),
        )
        .values(
            **requeued(0),
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
        # The unique index over the live jobs of a content, or of an idempotency key.
        raise NotRetryable("The same work was submitted again and is being done.") from error
