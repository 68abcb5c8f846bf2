"""The only writers of a job's state. Each is one guarded UPDATE that names what it expects.

    queued → running          claim
    running → succeeded       succeed
    running → failed          fail
    running → queued          release (shutdown; same dispatch, the same message comes again)

A guard that does not match changes nothing and the function says so: a second delivery of a
message and the late write of a worker that lost its lease are no-ops. All times are Postgres's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Update, func, insert, literal, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Text

from shared.contracts.features import Feature
from shared.contracts.jobs import JobError, JobStatus, Outcome
from shared.models import Job, JobAttempt
from shared.telemetry import Carrier


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
    queued_at: datetime
    started_at: datetime


@dataclass(frozen=True, kw_only=True)
class AttemptLog:
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
        queued_at=job.queued_at,
        started_at=job.started_at,
    )


async def renew(session: AsyncSession, worker_id: str, lease: float) -> Sequence[UUID]:
    """Extend the lease of every job of a worker; returns the jobs that are still its own."""
    statement = (
        update(Job)
        .where(Job.worker_id == worker_id, Job.state == JobStatus.RUNNING)
        .values(lease_until=func.now() + timedelta(seconds=lease))
        .returning(Job.id)
    )
    return (await session.scalars(statement)).all()


async def succeed(
    session: AsyncSession,
    held: Claim,
    log: AttemptLog,
    *,
    output: dict[str, Any],
    model_id: str,
    model_version: str,
) -> bool:
    """Store a result. False when the claim is no longer held."""
    change = _held(held).values(
        state=JobStatus.SUCCEEDED,
        output=output,
        error=None,
        model_id=model_id,
        model_version=model_version,
        finished_at=func.now(),
        worker_id=None,
        lease_until=None,
    )
    return await _end(session, held, change, log, Outcome.SUCCEEDED, None)


async def fail(session: AsyncSession, held: Claim, log: AttemptLog, error: JobError) -> bool:
    """Give a job up. False when the claim is no longer held."""
    change = _held(held).values(
        state=JobStatus.FAILED,
        error=error.model_dump(mode="json"),
        finished_at=func.now(),
        worker_id=None,
        lease_until=None,
    )
    return await _end(session, held, change, log, Outcome.FAILED, error)


async def release(session: AsyncSession, held: Claim, log: AttemptLog) -> bool:
    """Put a job back as it was: its message is still in the queue. False when not held."""
    change = _held(held).values(
        state=JobStatus.QUEUED, started_at=None, worker_id=None, lease_until=None
    )
    return await _end(session, held, change, log, Outcome.RELEASED, None)


def _held(held: Claim) -> Update:
    return update(Job).where(
        Job.id == held.job_id,
        Job.state == JobStatus.RUNNING,
        Job.dispatch == held.dispatch,
        Job.worker_id == held.worker_id,
    )


async def _end(
    session: AsyncSession,
    held: Claim,
    change: Update,
    log: AttemptLog,
    outcome: Outcome,
    error: JobError | None,
) -> bool:
    """Apply `change` and write the attempt's row, in one statement: both or neither."""
    changed = change.returning(Job.id, Job.attempt).cte("changed")
    values: dict[str, ColumnElement[Any]] = {
        "job_id": changed.c.id,
        "number": changed.c.attempt,
        "outcome": literal(outcome.value, Text),
        "worker_id": literal(held.worker_id, Text),
        "error": literal(error and error.model_dump(mode="json"), JSONB(none_as_null=True)),
        "stages": literal(log.stages, JSONB),
        "trace_id": literal(log.trace_id, Text),
        "started_at": literal(held.started_at),
    }
    statement = (
        insert(JobAttempt)
        .from_select(list(values), select(*values.values()))
        .returning(JobAttempt.job_id)
    )
    return await session.scalar(statement) is not None
