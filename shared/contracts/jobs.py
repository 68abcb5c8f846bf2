"""Jobs as callers see them, and the envelope in which a waiting call answers."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import Field

from shared.contracts.features import Feature
from shared.contracts.outcomes import RecordedOutcome
from shared.contracts.text import Contract
from shared.errors import ErrorClass, ServiceError


class JobStatus(StrEnum):
    """The state of a job: queued → running → succeeded | failed | cancelled.

    A running job may become queued again, and so may a failed or cancelled one that is retried.
    """

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def finished(self) -> bool:
        """Whether the job has ended, so that it no longer changes by itself."""
        return self not in (JobStatus.QUEUED, JobStatus.RUNNING)


class JobError(Contract):
    """Why a job failed or waits: a stable `code`, its class, and a sentence for people.

    `place` is the module and function of the service in which a bug happened, else null.
    """

    code: str
    error_class: ErrorClass
    detail: str
    retryable: bool
    place: str | None = None

    @classmethod
    def of(cls, error: ServiceError) -> "JobError":
        """Return what a job stores about an error."""
        return cls(
            code=error.code,
            error_class=error.error_class,
            detail=error.detail,
            retryable=error.error_class.retryable,
            place=error.place,
        )


class StageView(Contract):
    """One stage of an attempt. `start_ms` counts from the start of the attempt."""

    name: str
    start_ms: float
    duration_ms: float


class AttemptView(Contract):
    """One attempt: a run of a job by one worker. It is never overwritten.

    `outcome` is `failed` if the attempt ended in an error, whatever became of the job afterwards,
    `crashed` if the worker died or lost its lease, and `released` if the worker shut down.
    """

    number: int
    outcome: RecordedOutcome
    worker_id: str
    started_at: datetime
    finished_at: datetime
    error: JobError | None
    stages: list[StageView]


class JobView(Contract):
    """A job as callers see it.

    `latency_ms` is the time from acceptance to the end. `input_payload` contains no image bytes.
    `dispatch` says whether the message is in Redis; it is `deferred` while the broker is away.
    """

    id: UUID
    tenant_id: str
    user_id: str | None
    request_id: str | None
    feature: Feature
    status: JobStatus
    priority: int
    dispatch: Literal["published", "deferred"]
    input_payload: dict[str, Any]
    output_payload: dict[str, Any] | None
    error: JobError | None
    attempts: list[AttemptView]
    model_id: str | None
    model_version: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    latency_ms: float | None
    trace_id: str | None


class JobPage(Contract):
    """Jobs, newest first, or in the order of the ids that were asked for.

    `next_cursor` is null on the last page. `scanned_until` is null, unless the service looked for
    what no index finds: then older jobs than this time may meet the filters as well. `missing` has
    the ids that were asked for and are those of no job of the tenant. `unreadable` has the ids of
    jobs that a newer version of the service has written in a way that this one does not know.
    """

    jobs: list[JobView]
    next_cursor: str | None
    scanned_until: datetime | None = None
    missing: list[str] = Field(default_factory=list)
    unreadable: list[UUID] = Field(default_factory=list)


class AnswerMetadata(Contract):
    """The job that an answer comes from: who did it, when it ended, and how long that took.

    `replayed`: the job existed before the request, so another engine or model may have done it.
    """

    job_id: UUID
    trace_id: str | None
    model_id: str | None
    model_version: str | None
    finished_at: datetime | None = None
    latency_ms: float | None
    replayed: bool


P = TypeVar("P", bound=Contract)


class Answer(Contract, Generic[P]):
    """The envelope of a waiting call. Failures are problem documents instead."""

    request_id: str | None
    status: Literal["success", "error"]
    payload: P | None
    error: JobError | None
    metadata: AnswerMetadata
