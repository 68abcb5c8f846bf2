"""Conversion of rows into the jobs that callers see."""

from collections.abc import Sequence
from uuid import UUID

from shared.contracts.features import Feature
from shared.contracts.fields.entries import with_refused_entries
from shared.contracts.jobs import (
    AttemptView,
    JobError,
    JobStatus,
    JobView,
)
from shared.errors import Bug
from shared.rejections import JobNotFound
from shared.store.conversion import convert_each
from shared.store.jobs import JobRepository
from shared.store.models import Job, JobAttempt
from shared.store.postgres.database import Session
from shared.telemetry.trace_context import trace_id


async def read_job(session: Session, job_id: UUID, tenant_id: str) -> JobView:
    """Return one job of the tenant. Raises JobNotFound."""
    job = await JobRepository(session).find(job_id, tenant_id)
    if job is None:
        raise JobNotFound
    (view,) = await view_jobs(session, [job])
    return view


async def read_views(session: Session, job_ids: Sequence[UUID]) -> dict[UUID, JobView | Bug]:
    """Return those of the jobs that exist, and a Bug for one that cannot be read."""
    repository = JobRepository(session)
    jobs = {job.id: job for job in await repository.find_all(job_ids)}
    attempts = await repository.attempts(list(jobs))
    return convert_each(jobs, lambda job: view_job(job, attempts[job.id]))


async def view_jobs(session: Session, jobs: Sequence[Job]) -> list[JobView]:
    """Return the jobs with their attempts, in the given order."""
    attempts = await JobRepository(session).attempts([job.id for job in jobs])
    return [view_job(job, attempts[job.id]) for job in jobs]


def view_job(job: Job, attempts: Sequence[JobAttempt]) -> JobView:
    """Return one job with the given attempts."""
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
        output_payload=with_refused_entries(job.output, job.payload),
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
    """Return the stored error of a job, or None. A job that was put back has one too."""
    return JobError.model_validate(job.error) if job.error else None


def latency_ms(job: Job) -> float | None:
    """Return the milliseconds from acceptance to the end, or None for an unfinished job."""
    if job.finished_at is None:
        return None
    return round((job.finished_at - job.created_at).total_seconds() * 1000, 3)


def _view_attempt(attempt: JobAttempt) -> AttemptView:
    columns = {name: getattr(attempt, name) for name in AttemptView.model_fields}
    return AttemptView.model_validate(columns)
