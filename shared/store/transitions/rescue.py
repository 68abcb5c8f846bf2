"""The rescue of jobs whose lease has run out: their worker died or cannot reach the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, Insert, case, func, insert, literal, null, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.types import Text

from shared.contracts.features import Feature, Queue
from shared.contracts.jobs import JobStatus
from shared.contracts.outcomes import AttemptOutcome
from shared.errors import Crashed, ErrorClass
from shared.store.hot.leases import Leases
from shared.store.models import Job, JobAttempt
from shared.store.publication import unpublished
from shared.store.retry_policy import BUDGETS, RESCUE_PAUSE
from shared.store.transitions.values import NO_WORKER, as_json, cancelled_error
from shared.store.workers import could_renew, were_renewable
from shared.telemetry.trace_context import Carrier


@dataclass(frozen=True, kw_only=True)
class Rescued:
    """A rescued job.

    `state` is the new one. `attempt`, `worker_id` and `started_at` are those of the attempt that
    crashed.
    """

    job_id: UUID
    tenant_id: str
    request_id: str | None
    attempt: int
    feature: Feature
    queue: Queue
    state: JobStatus
    trace_carrier: Carrier
    worker_id: str
    started_at: datetime


async def rescue(session: AsyncSession, limit: int, leases: Leases) -> Sequence[Rescued]:
    """Rescue up to `limit` jobs, those whose lease ran out earliest first.

    None is rescued while workers that live may still have to renew their leases, since Postgres was
    away, or another session had a row locked.

    They are queued again, or fail if their budget is spent, or are cancelled if that was asked for.
    The same statement records their attempts as crashed.
    """
    expired = (
        select(Job.id, Job.worker_id, Job.started_at)
        .where(
            Job.state == JobStatus.RUNNING,
            Job.lease_until < func.now(),
            were_renewable(leases),
            could_renew(),
        )
        .order_by(Job.lease_until)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("expired")
    )
    changed = _take_away(expired).cte("changed")
    written = _record_crashes(changed).cte("written")
    rows = await session.execute(
        select(
            changed.c.id,
            changed.c.tenant_id,
            changed.c.request_id,
            changed.c.attempt,
            changed.c.feature,
            changed.c.queue,
            changed.c.state,
            changed.c.trace_carrier,
            changed.c.worker_id,
            changed.c.started_at,
        ).add_cte(written)
    )
    return [
        Rescued(
            job_id=row.id,
            tenant_id=row.tenant_id,
            request_id=row.request_id,
            attempt=row.attempt,
            feature=Feature(row.feature),
            queue=Queue(row.queue),
            state=JobStatus(row.state),
            trace_carrier=row.trace_carrier,
            worker_id=row.worker_id,
            started_at=row.started_at,
        )
        for row in rows
    ]


def _take_away(expired: CTE) -> ReturningUpdate[Any]:
    """Cancel or fail the jobs that must not run again, and queue the others."""
    cancelled = Job.cancel_requested_at.is_not(None)
    crashes = Job.spent_crashed + 1
    budget_spent = crashes >= BUDGETS[ErrorClass.CRASHED]
    ends = cancelled | budget_spent
    # One of the jobs that crashed together may have killed the worker. Random pauses spread them
    # out, so that it does not crash the same others again until their budgets are spent.
    pause = func.make_interval(0, 0, 0, 0, 0, 0, func.random() * RESCUE_PAUSE * crashes)
    error = ((cancelled, cancelled_error()), (budget_spent, _crashed()))
    return (
        update(Job)
        .where(Job.id == expired.c.id)
        .values(
            state=case(
                (cancelled, JobStatus.CANCELLED),
                (budget_spent, JobStatus.FAILED),
                else_=JobStatus.QUEUED,
            ),
            error=case(*error, else_=None),
            finished_at=case((ends, func.now()), else_=None),
            dispatch=case((ends, Job.dispatch), else_=Job.dispatch + 1),
            queued_at=case((ends, Job.queued_at), else_=func.now() + pause),
            turn=case((ends, Job.turn), else_=null()),
            spent_crashed=crashes,
            **unpublished(unless=ends),
            **NO_WORKER,
        )
        .returning(
            Job.id,
            Job.tenant_id,
            Job.request_id,
            Job.attempt,
            Job.feature,
            Job.queue,
            Job.state,
            Job.trace_carrier,
            expired.c.worker_id,
            expired.c.started_at,
        )
    )


def _record_crashes(changed: CTE) -> Insert:
    values: dict[str, ColumnElement[Any]] = {
        "job_id": changed.c.id,
        "number": changed.c.attempt,
        "outcome": literal(AttemptOutcome.CRASHED.value, Text),
        "worker_id": changed.c.worker_id,
        "error": _crashed(),
        "stages": literal([], JSONB),
        "trace_id": func.split_part(changed.c.trace_carrier.op("->>")("traceparent"), "-", 2),
        "started_at": changed.c.started_at,
    }
    return insert(JobAttempt).from_select(list(values), select(*values.values()))


def _crashed() -> ColumnElement[Any]:
    return literal(as_json(Crashed()), JSONB)
