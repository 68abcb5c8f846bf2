"""Callbacks: how a caller asks to be notified of a job's end, and what it then receives."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from shared.contracts.features import Feature
from shared.contracts.jobs import JobError, JobStatus
from shared.contracts.text import Contract, Url


class CallbackEvent(StrEnum):
    """How a job ended. The part after the dot is the status of the job."""

    JOB_SUCCEEDED = "job.succeeded"
    JOB_FAILED = "job.failed"
    JOB_CANCELLED = "job.cancelled"

    @property
    def status(self) -> JobStatus:
        """The status of a job that ended so."""
        return JobStatus(self.removeprefix("job."))


class DeliveryState(StrEnum):
    """What became of a delivery: pending → delivered | dead. Redelivery makes it pending again."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


class CallbackRequest(Contract):
    """The field `callback` of a request: a URL that a worker posts to when the job ends.

    `url` must match the setting CALLBACK_HOSTS. `events` are the endings to hear of, by default
    all. With `include_output` the body has the result as well.
    """

    url: Url
    events: Annotated[tuple[CallbackEvent, ...], Field(min_length=1)] = tuple(CallbackEvent)
    include_output: bool = False


class CallbackData(Contract):
    """What a callback says about the job.

    `error` is null unless the job failed or was cancelled. `output_payload` is null unless the
    callback was asked for with `include_output` and the job succeeded.
    """

    job_id: UUID
    tenant_id: str
    user_id: str | None
    request_id: str | None
    feature: Feature
    status: JobStatus
    finished_at: datetime
    trace_id: str | None
    error: JobError | None
    output_payload: dict[str, Any] | None


class CallbackBody(Contract):
    """The body of a callback. `timestamp` is when the job ended, the same in every attempt."""

    type: CallbackEvent
    timestamp: datetime
    data: CallbackData


class DeliveryView(Contract):
    """One event that is sent to one callback. `id` is the header `webhook-id` of every attempt.

    `attempts` counts the requests made since the delivery was last asked for. `due_at` is when the
    next one is due; null unless the delivery is pending. `last_status` is the HTTP status of the
    last answer, and `last_error` a sentence that says why the last attempt did not succeed.
    """

    id: UUID
    event: CallbackEvent
    status: DeliveryState
    attempts: int
    due_at: datetime | None
    last_status: int | None
    last_error: str | None
    created_at: datetime
    delivered_at: datetime | None


class CallbackView(Contract):
    """A callback of a job, with its deliveries, oldest first."""

    id: UUID
    url: str
    events: list[CallbackEvent]
    include_output: bool
    created_at: datetime
    deliveries: list[DeliveryView]


class CallbackList(Contract):
    """The callbacks of a job, oldest first."""

    callbacks: list[CallbackView]
