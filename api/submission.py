"""Accepting work: contract → row (committed) → queue. The one way in for every kind of job."""

import asyncio
import hashlib
import json
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

import structlog
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Tracer

from api.admission import Admission
from api.draining import Drain
from api.metrics.front import FrontMetrics, SubmissionOutcome
from shared.contracts.features import Feature
from shared.contracts.requests import JobRequest, ReceiptRequest
from shared.errors import BrokerUnavailable, Draining, QueueFull
from shared.images import ImageLimits, decode_base64, inspect
from shared.store import publication
from shared.store.database import Database
from shared.store.jobs import JobRepository, NewJob
from shared.store.models import Job
from shared.telemetry.trace_context import inject
from shared.telemetry.tracing import message_attributes
from shared.wire.messages import message_id
from shared.wire.messenger import Messenger

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Submitted:
    """A job that will run, or has. `replayed`: it was there before this request."""

    job: Job
    replayed: bool


class Submissions:
    """Turns requests into queued jobs."""

    def __init__(
        self,
        database: Database,
        messenger: Messenger,
        admission: Admission,
        draining: Drain,
        limits: ImageLimits,
        metrics: FrontMetrics,
        tracer: Tracer,
    ) -> None:
        self._database = database
        self._messenger = messenger
        self._admission = admission
        self._draining = draining
        self._limits = limits
        self._metrics = metrics
        self._tracer = tracer

    async def submit(
        self,
        request: JobRequest,
        *,
        idempotency_key: str | None = None,
        join_same_content: bool = False,
        image: bytes | None = None,
    ) -> Submitted:
        """Store and enqueue a job, or find the one that was asked for before.

        `join_same_content`: without a key, the same work of the same tenant is the same job, unless
        the request asks for a fresh one. `image`: instead of base64 in the payload.

        Raises the Image errors, IdempotencyKeyReused, QueueFull, Draining, DatabaseUnavailable,
        SchemaBehind; what was submitted before is found even then. A broker that is away is no
        reason to refuse: the row waits and is published later.
        """
        # For every line that the request still logs, also about its refusal.
        structlog.contextvars.bind_contextvars(tenant_id=request.tenant_id)
        payload, content = await asyncio.to_thread(self._stored_payload, request, image)
        feature = Feature(request.feature)
        request_hash = _hash(request.tenant_id, feature, payload)
        joins = join_same_content and not idempotency_key and not request.metadata.fresh
        new = NewJob(
            tenant_id=request.tenant_id,
            user_id=request.user_id,
            request_id=request.request_id,
            feature=feature,
            priority=request.priority,
            payload=payload,
            image=content,
            idempotency_key=idempotency_key,
            content_key=request_hash if joins else None,
            request_hash=request_hash,
        )
        try:
            submitted, outcome = await self._find_or_send(new)
        except (QueueFull, Draining):
            self._metrics.submitted(feature, SubmissionOutcome.REJECTED)
            raise
        self._metrics.submitted(feature, outcome)
        trace.get_current_span().set_attribute("job.id", str(submitted.job.id))
        return submitted

    async def _find_or_send(self, new: NewJob) -> tuple[Submitted, SubmissionOutcome]:
        """In two transactions: nobody holds a connection while the state of the queue is read."""
        async with self._database.transaction() as session:
            found = await JobRepository(session).find_same(new)
        if found is not None:
            return Submitted(found, replayed=True), SubmissionOutcome.REPLAYED
        self._draining.check()
        await self._admission.check(new.feature.queue)
        with self._sending(new) as span:
            async with self._database.transaction() as session:
                job, replayed = await JobRepository(session).add(
                    replace(new, trace_carrier=inject())
                )
            span.set_attribute("job.id", str(job.id))
            if replayed:
                return Submitted(job, replayed), SubmissionOutcome.REPLAYED
            span.set_attribute("messaging.message.id", message_id(job.id, job.dispatch))
            outcome = await publish_or_defer(self._database, self._messenger, job)
            return Submitted(job, replayed), outcome

    def _sending(self, new: NewJob) -> AbstractContextManager[Span]:
        """The span that every attempt of the job is a child of."""
        return self._tracer.start_as_current_span(
            f"send {new.feature.queue}",
            kind=SpanKind.PRODUCER,
            attributes=message_attributes("send", new.feature, new.tenant_id),
        )

    def _stored_payload(
        self, request: JobRequest, image: bytes | None
    ) -> tuple[dict[str, Any], bytes | None]:
        """The payload as it is kept on the job, and the image that is kept beside it."""
        payload = request.payload.model_dump(mode="json", exclude={"image_base64"})
        if not isinstance(request, ReceiptRequest):
            return payload, None
        if image is None:
            image = decode_base64(request.payload.image_base64, self._limits)
        payload["image"] = inspect(image, self._limits).as_json()
        return payload, image


async def publish_or_defer(database: Database, messenger: Messenger, job: Job) -> SubmissionOutcome:
    """Send a committed job's message; when the broker is away, leave that to the workers.

    Should this process die in between, the reconciler sends what is missing.
    """
    try:
        await messenger.publish(job)
    except BrokerUnavailable as error:
        log.warning("job.deferred", job_id=str(job.id), reason=repr(error.__cause__))
        async with database.transaction() as session:
            await publication.note_deferred(session, job.id, job.dispatch)
        return SubmissionOutcome.DEFERRED
    if job.published_at is None:
        async with database.transaction() as session:
            await publication.note_published(session, job.id, job.dispatch)
    log.info("job.queued", job_id=str(job.id), feature=job.feature, queue=job.queue)
    return SubmissionOutcome.QUEUED


def _hash(tenant_id: str, feature: Feature, payload: dict[str, Any]) -> str:
    """sha256 over what is to be done for whom; of an image its own sha256 counts."""
    canonical = json.dumps([tenant_id, feature, payload], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
