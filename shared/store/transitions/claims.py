"""Taking jobs and keeping them: the claim, its lease, and what is asked of its holder."""

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
    """The right to run one job: it holds while the lease lives and `dispatch` is the row's."""

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
    """What the history keeps of an attempt besides how it ended."""

    stages: list[dict[str, Any]]
    trace_id: str | None


async def claim(
    session: AsyncSession, job_id: UUID, dispatch: int, worker_id: str, lease: float
) -> Claim | None:
    """Take a queued job for `lease` seconds; None when it is not there to be taken."""
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
    """The image of a receipt job; None for jobs of other features."""
    query = select(JobImage.content).where(JobImage.job_id == held.job_id)
    return (await session.scalars(query)).one_or_none()


async def renew(
    session: AsyncSession, worker_id: str, job_ids: Collection[UUID], lease: float
) -> Sequence[UUID]:
    """Extend the leases of the jobs that a worker is running; returns those still its own. A job
    that it holds but does not run (its ending could not be stored) is left to be rescued."""
    statement = (
        update(Job)
        .where(Job.id.in_(job_ids), Job.worker_id == worker_id, Job.state == JobStatus.RUNNING)
        .values(lease_until=func.now() + timedelta(seconds=lease))
        .returning(Job.id)
    )
    return (await session.scalars(statement)).all()


async def cancels_requested(session: AsyncSession, worker_id: str) -> Sequence[UUID]:
    """The running jobs of a worker that somebody wants cancelled."""
    query = select(Job.id).where(
        Job.worker_id == worker_id,
        Job.state == JobStatus.RUNNING,
        Job.cancel_requested_at.is_not(None),
    )
    return (await session.scalars(query)).all()
