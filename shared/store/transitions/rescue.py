"""Jobs whose worker died, or lost sight of the database: their lease has run out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, Insert, case, func, insert, literal, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.types import Text

from shared.contracts.jobs import JobStatus
from shared.contracts.outcomes import AttemptOutcome
from shared.errors import Crashed, ErrorClass
from shared.store.models import Job, JobAttempt
from shared.store.publication import unpublished
from shared.store.retry_policy import BUDGETS, RESCUE_PAUSE
from shared.store.transitions.values import NO_WORKER, as_json, cancelled_error
from shared.telemetry.trace_context import Carrier


@dataclass(frozen=True)
class Rescued:
    """A job that was taken from a dead worker, and its state now; `attempt` is the crashed one,
    and `started_at` when that began."""

    job_id: UUID
    attempt: int
    feature: str
    queue: str
    state: str
    trace_carrier: Carrier
    worker_id: str
    started_at: datetime


async def rescue(session: AsyncSession, limit: int) -> Sequence[Rescued]:
    """Take up to `limit` jobs whose lease has run out from their workers, which are dead or cannot
    reach the database: to be run again, or given up when their budget is spent.

    Their attempts are recorded as crashed in the same statement.
    """
    expired = (
        select(Job.id, Job.worker_id, Job.started_at)
        .where(Job.state == JobStatus.RUNNING, Job.lease_until < func.now())
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
            changed.c.attempt,
            changed.c.feature,
            changed.c.queue,
            changed.c.state,
            changed.c.trace_carrier,
            changed.c.worker_id,
            changed.c.started_at,
        ).add_cte(written)
    )
    return [Rescued(*row) for row in rows]


def _take_away(expired: CTE) -> ReturningUpdate[Any]:
    """End the cancelled jobs and those whose budget is spent; queue the others."""
    cancelled = Job.cancel_requested_at.is_not(None)
    poisonous = Job.spent_crashed + 1 >= BUDGETS[ErrorClass.CRASHED]
    ends = cancelled | poisonous
    # One of the jobs that died together may have killed the others: they come back apart, so that
    # it does not take the same ones with it until their budgets are spent.
    nth = Job.spent_crashed + 1
    pause = func.make_interval(0, 0, 0, 0, 0, 0, func.random() * RESCUE_PAUSE * nth)
    error = ((cancelled, cancelled_error()), (poisonous, _crashed()))
    return (
        update(Job)
        .where(Job.id == expired.c.id)
        .values(
            state=case(
                (cancelled, JobStatus.CANCELLED),
                (poisonous, JobStatus.FAILED),
                else_=JobStatus.QUEUED,
            ),
            error=case(*error, else_=None),
            finished_at=case((ends, func.now()), else_=None),
            dispatch=case((ends, Job.dispatch), else_=Job.dispatch + 1),
            queued_at=case((ends, Job.queued_at), else_=func.now() + pause),
            spent_crashed=Job.spent_crashed + 1,
            **unpublished(unless=ends),
            **NO_WORKER,
        )
        .returning(
            Job.id,
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
