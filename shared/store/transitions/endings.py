"""The transitions that end an attempt.

Each returns the new state of the job, or None if the claim is no longer held and nothing changed.
`release`, `retry` and `put_back` cancel the job instead if that was asked for meanwhile.
"""

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
    """End the job with a result."""
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
    """End the job with an error."""
    change = _held(held).values(
        **ended(JobStatus.FAILED), error=error.model_dump(mode="json"), **_spent(error)
    )
    return await _end(session, held, change, record, AttemptOutcome.FAILED, error)


async def release(session: AsyncSession, held: Claim, record: AttemptRecord) -> JobStatus | None:
    """Queue the job under the same dispatch, whose message is still in Redis."""
    change = _held(held).values(
        **unless_cancelled({"state": JobStatus.QUEUED, "started_at": None, **NO_WORKER})
    )
    return await _end(session, held, change, record, AttemptOutcome.RELEASED, None)


async def retry(
    session: AsyncSession, held: Claim, record: AttemptRecord, error: JobError, delay: float
) -> JobStatus | None:
    """Queue the job to run again in `delay` seconds.

    The attempt counts against the budget of the error's class.
    """
    change = _held(held).values(**unless_cancelled(requeued(delay)), **_spent(error))
    return await _end(session, held, change, record, AttemptOutcome.FAILED, error)


async def put_back(
    session: AsyncSession, held: Claim, error: JobError, delay: float
) -> JobStatus | None:
    """Queue the job to run again in `delay` seconds, as if this attempt had not been made.

    The attempt counts against no budget and is not recorded. The job shows `error` while it waits.
    """
    shown = literal(error.model_dump(mode="json"), JSONB)
    change = _held(held).values(
        **unless_cancelled({**requeued(delay), "error": shown}), attempt=Job.attempt - 1
    )
    return _state(await session.scalar(change.returning(Job.state)))


async def end_cancelled(
    session: AsyncSession, held: Claim, record: AttemptRecord
) -> JobStatus | None:
    """End a running job as cancelled."""
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
    """Apply `change` and write the attempt's row in one statement."""
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


def _spent(error: JobError) -> dict[str, Any]:
    """Return the column values that count one more attempt against the error's budget, if any."""
    if error.error_class not in BUDGETS:
        return {}
    column = spent_column(error.error_class)
    return {column: getattr(Job, column) + 1}
