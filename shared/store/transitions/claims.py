"""Claims a job for a worker, renews its lease, and finds the cancellations its worker must heed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.features import Feature
from shared.contracts.jobs import JobStatus
from shared.errors import ErrorClass
from shared.store.models import Job, JobImage
from shared.store.retry_policy import BUDGETS
from shared.store.transitions.values import spent_column
from shared.telemetry.trace_context import Carrier


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The right of a worker to run one job, and what it needs to know of the job.

    The claim holds while the lease lives and the row still has `dispatch`. `attempt` counts from 1.
    `spent` counts the attempts that ended in each error class that has a budget.
    """

    job_id: UUID
    dispatch: int
    worker_id: str
    attempt: int
    tenant_id: str
    request_id: str | None
    feature: Feature
    payload: dict[str, Any]
    trace_carrier: Carrier
    created_at: datetime
    queued_at: datetime
    started_at: datetime
    spent: Mapping[ErrorClass, int]


@dataclass(frozen=True, kw_only=True)
class AttemptRecord:
    """What the history keeps of an attempt beside its outcome."""

    stages: list[dict[str, Any]]
    trace_id: str | None


async def claim(
    session: AsyncSession, job_id: UUID, dispatch: int, worker_id: str, lease: float
) -> Claim | None:
    """Claim a queued job for `lease` seconds.

    Returns None if the job is not queued under `dispatch`, or does not exist.
    """
    statement = (
        update(Job)
        .where(Job.id == job_id, Job.state == JobStatus.QUEUED, Job.dispatch == dispatch)
        .values(
            state=JobStatus.RUNNING,
            worker_id=worker_id,
            lease_until=func.now() + timedelta(seconds=lease),
            started_at=func.now(),
            attempt=Job.attempt + 1,
        )
        .returning(Job)
    )
    job = await session.scalar(statement)
    if job is None or job.started_at is None:
        return None
    return Claim(
        job_id=job.id,
        dispatch=job.dispatch,
        worker_id=worker_id,
        attempt=job.attempt,
        tenant_id=job.tenant_id,
        request_id=job.request_id,
        feature=Feature(job.feature),
        payload=job.payload,
        trace_carrier=job.trace_carrier,
        created_at=job.created_at,
        queued_at=job.queued_at,
        started_at=job.started_at,
        spent={error_class: getattr(job, spent_column(error_class)) for error_class in BUDGETS},
    )


async def claimed_image(session: AsyncSession, held: Claim) -> bytes | None:
    """Return the image of a receipt job; None for jobs of other features."""
    query = select(JobImage.content).where(JobImage.job_id == held.job_id)
    return (await session.scalars(query)).one_or_none()


async def renew(
    session: AsyncSession, worker_id: str, job_ids: Collection[UUID], lease: float
) -> Sequence[UUID]:
    """Renew the leases of these jobs for `lease` seconds; return the jobs that the worker holds.

    Pass the jobs that the worker is running. If the end of a job could not be stored, the worker
    still holds the job without running it, and its lease has to run out so that it is rescued.
    """
    statement = (
        update(Job)
        .where(Job.id.in_(job_ids), Job.worker_id == worker_id, Job.state == JobStatus.RUNNING)
        .values(lease_until=func.now() + timedelta(seconds=lease))
        .returning(Job.id)
    )
    return (await session.scalars(statement)).all()


async def cancels_requested(session: AsyncSession, worker_id: str) -> Sequence[UUID]:
    """Return the jobs that the worker runs and that somebody has asked to cancel."""
    query = select(Job.id).where(
        Job.worker_id == worker_id,
        Job.state == JobStatus.RUNNING,
        Job.cancel_requested_at.is_not(None),
    )
    return (await session.scalars(query)).all()
