"""How a run ends. Each of these names the claim, and returns the job's state from then on; None
when the claim is no longer held, and nothing has changed."""

from typing import Any

from sqlalchemy import ColumnElement, Update, insert, literal, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Text

from shared.contracts.jobs import JobError, JobStatus
from shared.contracts.outcomes import AttemptOutcome, RecordedOutcome
from shared.store.models import Job, JobAttempt
from shared.store.retry_policy import BUDGETS
from shared.store.transitions.claims import AttemptRecord, Claim
from shared.store.transitions.values import (
    NO_WORKER,
    cancelled_error,
    ended,
    requeued,
    spent_column,
    unless_cancelled,
)


async def succeed(
    session: AsyncSession,
    held: Claim,
    record: AttemptRecord,
    *,
    output: dict[str, Any],
    model_id: str,
    model_version: str,
) -> JobStatus | None:
    """Store a result."""
    change = _held(held).values(
        **ended(JobStatus.SUCCEEDED),
        output=output,
        error=None,
        model_id=model_id,
        model_version=model_version,
    )
    return await _end(session, held, change, record, AttemptOutcome.SUCCEEDED, None)


async def fail(
    session: AsyncSession, held: Claim, record: AttemptRecord, error: JobError
) -> JobStatus | None:
    """Give a job up."""
    change = _held(held).values(
        **ended(JobStatus.FAILED), error=error.model_dump(mode="json"), **_one_more(error)
    )
    return await _end(session, held, change, record, AttemptOutcome.FAILED, error)


async def release(session: AsyncSession, held: Claim, record: AttemptRecord) -> JobStatus | None:
    """Put a job back as it was: its message is still in the queue. Or cancel it, if that was asked
    for."""
    change = _held(held).values(
        **unless_cancelled({"state": JobStatus.QUEUED, "started_at": None, **NO_WORKER})
    )
    return await _end(session, held, change, record, AttemptOutcome.RELEASED, None)


async def retry(
    session: AsyncSession, held: Claim, record: AttemptRecord, error: JobError, delay: float
) -> JobStatus | None:
    """Have a job run again `delay` seconds from now; spends of the budget of the error's class.
    Or cancel it, if that was asked for."""
    change = _held(held).values(**unless_cancelled(requeued(delay)), **_one_more(error))
    return await _end(session, held, change, record, AttemptOutcome.FAILED, error)


async def put_back(
    session: AsyncSession, held: Claim, error: JobError, delay: float
) -> JobStatus | None:
    """Have a job run again `delay` seconds from now, as if it had not been begun: no budget is
    spent, the history does not grow, and the job shows `error` while it waits. Or cancel it, if
    that was asked for."""
    told = literal(error.model_dump(mode="json"), JSONB)
    change = _held(held).values(
        **unless_cancelled({**requeued(delay), "error": told}), attempt=Job.attempt - 1
    )
    return _state(await session.scalar(change.returning(Job.state)))


async def end_cancelled(
    session: AsyncSession, held: Claim, record: AttemptRecord
) -> JobStatus | None:
    """End a job that was stopped because somebody asked."""
    change = _held(held).values(**ended(JobStatus.CANCELLED), error=cancelled_error())
    return await _end(session, held, change, record, AttemptOutcome.CANCELLED, None)


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
    record: AttemptRecord,
    outcome: RecordedOutcome,
    error: JobError | None,
) -> JobStatus | None:
    """Apply `change` and write the attempt's row, in one statement: both or neither."""
    changed = change.returning(Job.id, Job.attempt, Job.state).cte("changed")
    values: dict[str, ColumnElement[Any]] = {
        "job_id": changed.c.id,
        "number": changed.c.attempt,
        "outcome": literal(outcome.value, Text),
        "worker_id": literal(held.worker_id, Text),
        "error": literal(error and error.model_dump(mode="json"), JSONB(none_as_null=True)),
        "stages": literal(record.stages, JSONB),
        "trace_id": literal(record.trace_id, Text),
        "started_at": literal(held.started_at),
    }
    written = insert(JobAttempt).from_select(list(values), select(*values.values())).cte("written")
    return _state(await session.scalar(select(changed.c.state).add_cte(written)))


def _state(value: str | None) -> JobStatus | None:
    return None if value is None else JobStatus(value)


def _one_more(error: JobError) -> dict[str, Any]:
    """One more attempt that ended so."""
    if error.error_class not in BUDGETS:
        return {}
    column = spent_column(error.error_class)
    return {column: getattr(Job, column) + 1}
