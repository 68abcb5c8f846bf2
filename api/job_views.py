"""Rows to what callers see of a job."""

from collections.abc import Sequence
from uuid import UUID

from shared.contracts.features import Feature
from shared.contracts.jobs import (
    AttemptView,
    JobError,
    JobStatus,
    JobView,
)
from shared.rejections import JobNotFound
from shared.store.database import Session
from shared.store.jobs import JobRepository
from shared.store.models import Job, JobAttempt
from shared.telemetry.trace_context import trace_id


async def read_job(session: Session, job_id: UUID, tenant_id: str) -> JobView:
    """One job of the tenant. Raises JobNotFound."""
    job = await JobRepository(session).find(job_id, tenant_id)
    if job is None:
        raise JobNotFound
    (view,) = await view_jobs(session, [job])
    return view


async def view_jobs(session: Session, jobs: Sequence[Job]) -> list[JobView]:
    """Jobs with their attempts, in the same order."""
    attempts = await JobRepository(session).attempts([job.id for job in jobs])
    return [view_job(job, attempts[job.id]) for job in jobs]


def view_job(job: Job, attempts: Sequence[JobAttempt]) -> JobView:
    """One job."""
    return JobView(
        id=job.id,
        tenant_id=job.tenant_id,
        user_id=job.user_id,
        request_id=job.request_id,
        feature=Feature(job.feature),
        status=JobStatus(job.state),
        priority=job.priority,
        dispatch="published" if job.published_at else "deferred",
        input_payload=job.payload,
        output_payload=job.output,
        error=error_of(job),
        attempts=[_view_attempt(attempt) for attempt in attempts],
        model_id=job.model_id,
        model_version=job.model_version,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        latency_ms=latency_ms(job),
        trace_id=trace_id(job.trace_carrier),
    )


def error_of(job: Job) -> JobError | None:
    """Why it failed, if it did."""
    return JobError.model_validate(job.error) if job.error else None


def latency_ms(job: Job) -> float | None:
    """From acceptance to the end."""
    if job.finished_at is None:
        return None
    return round((job.finished_at - job.created_at).total_seconds() * 1000, 3)


def _view_attempt(attempt: JobAttempt) -> AttemptView:
    columns = {name: getattr(attempt, name) for name in AttemptView.model_fields}
    return AttemptView.model_validate(columns)
