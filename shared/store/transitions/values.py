"""Column values that several transitions write."""

from typing import Any

from sqlalchemy import ColumnElement, func, literal
from sqlalchemy.dialects.postgresql import JSONB

from shared.contracts.jobs import JobError, JobStatus
from shared.errors import Cancelled, ErrorClass, ServiceError
from shared.store.models import Job
from shared.store.publication import unpublished

NO_WORKER: dict[str, Any] = {"worker_id": None, "lease_until": None}


def requeued() -> dict[str, Any]:
    """Return the column values of a queued job that needs a new message at once."""
    return {
        "state": JobStatus.QUEUED,
        "dispatch": Job.dispatch + 1,
        "queued_at": func.now(),
        "started_at": None,
        **unpublished(),
        **NO_WORKER,
    }


def cancelled_error() -> ColumnElement[Any]:
    """Return the error of a cancelled job, as SQL."""
    return literal(as_json(Cancelled()), JSONB)


def as_json(error: ServiceError) -> dict[str, Any]:
    """Return `error` as it is stored on a job or an attempt."""
    return JobError.of(error).model_dump(mode="json")


def spent_column(error_class: ErrorClass) -> str:
    """Return the name of the column that counts the attempts that ended in `error_class`."""
    return f"spent_{error_class}"
