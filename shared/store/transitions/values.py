"""Column values that several transitions write."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, func, literal
from sqlalchemy.dialects.postgresql import JSONB

from shared.contracts.jobs import JobError, JobStatus
from shared.errors import Cancelled, ErrorClass, ServiceError
from shared.store.models import Job
from shared.store.publication import unpublished

NO_WORKER: dict[str, Any] = {"worker_id": None, "lease_until": None}


def ended(state: JobStatus) -> dict[str, Any]:
    """Return the column values of a job that has ended in `state`."""
    return {"state": state, "finished_at": func.now(), **NO_WORKER}


def requeued(delay: float) -> dict[str, Any]:
    """Return the column values of a queued job that needs a new message in `delay` seconds."""
    return {
        "state": JobStatus.QUEUED,
        "dispatch": Job.dispatch + 1,
        "queued_at": func.now() + timedelta(seconds=delay),
        "started_at": None,
        **unpublished(),
        **NO_WORKER,
    }


def unless_cancelled(change: dict[str, Any]) -> dict[str, Any]:
    """Return the column values of `change`, or of a cancelled job if cancellation was asked for.

    `change` is for a running job and must take the job from its worker.
    """
    asked = Job.cancel_requested_at.is_not(None)
    end = {"state": JobStatus.CANCELLED, "error": cancelled_error(), "finished_at": func.now()}
    kept = change.keys() | end.keys()
    return {
        name: case(
            (asked, end.get(name, getattr(Job, name))), else_=change.get(name, getattr(Job, name))
        )
        for name in kept - NO_WORKER.keys()
    } | NO_WORKER


def cancelled_error() -> ColumnElement[Any]:
    """Return the error of a cancelled job, as SQL."""
    return literal(as_json(Cancelled()), JSONB)


def as_json(error: ServiceError) -> dict[str, Any]:
    """Return `error` as it is stored on a job or an attempt."""
    return JobError.of(error).model_dump(mode="json")


def spent_column(error_class: ErrorClass) -> str:
    """Return the name of the column that counts the attempts that ended in `error_class`."""
    return f"spent_{error_class}"
