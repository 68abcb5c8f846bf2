"""What is submitted, and what became of it."""

from dataclasses import dataclass, replace
from uuid import UUID

from opentelemetry.trace import INVALID_SPAN, Span

from api.requests.encoded_image import SentImage
from shared.contracts.features import Feature, Queue
from shared.contracts.jobs import JobStatus
from shared.contracts.requests import JobRequest
from shared.store.hot.accepting import Accepted, NewJob
from shared.store.hot.reading import JobRow
from shared.telemetry.trace_context import trace_id
from shared.wire.messages import NewMessage


@dataclass(frozen=True)
class Work:
    """Work that somebody asks for.

    `join_same_content`: without a key, the same work for the same tenant is the same job, unless
    the request asks for a fresh one. `image`: how it was sent, if not as base64 in the payload.
    `request_id`: that of the call, for work that names none in its body.
    """

    request: JobRequest
    idempotency_key: str | None = None
    join_same_content: bool = False
    image: SentImage = None
    request_id: str | None = None


@dataclass
class Submitted:
    """The job of a request.

    A new job has a `row`, so that nobody has to read it, and the `message` to be sent. Whoever
    sends that ends the `span`.
    """

    id: UUID
    tenant_id: str
    feature: Feature
    status: JobStatus
    row: JobRow | None = None
    message: NewMessage | None = None
    span: Span = INVALID_SPAN

    @property
    def queue(self) -> Queue:
        """The queue of the job."""
        return self.feature.queue

    @property
    def replayed(self) -> bool:
        """Whether the job existed before this request."""
        return self.row is None

    def note_publication(self, *, deferred: bool) -> None:
        """Note whether the message was sent."""
        self.message = None
        if self.row is not None and deferred:
            self.row = replace(self.row, published=False)

    @classmethod
    def found(cls, new: NewJob, job_id: UUID, status: JobStatus) -> "Submitted":
        """Return the job that was found in place of `new`."""
        return cls(job_id, new.tenant_id, new.feature, status)

    @classmethod
    def of_new(cls, new: NewJob, accepted: Accepted, span: Span) -> "Submitted":
        """Return the job that was inserted, and whose message is about to be published."""
        row = JobRow(
            id=new.id,
            tenant_id=new.tenant_id,
            user_id=new.user_id,
            request_id=new.request_id,
            feature=new.feature,
            status=JobStatus.QUEUED,
            priority=new.priority,
            published=True,
            payload=new.payload,
            created_at=accepted.created_at,
            trace_id=trace_id(new.trace_carrier),
        )
        message = NewMessage(
            job_id=new.id,
            dispatch=1,
            queue=new.feature.queue,
            priority=new.priority,
            queued_at=accepted.created_at,
            band=accepted.band,
            turn=accepted.turn,
            trace_carrier=new.trace_carrier,
        )
        span.set_attributes({"job.id": str(new.id), "messaging.message.id": message.id})
        return cls(new.id, new.tenant_id, new.feature, JobStatus.QUEUED, row, message, span)
