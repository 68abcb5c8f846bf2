"""Submission of every kind of job: the row is committed first, then its message is sent."""

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
from shared.callback_urls import CallbackHosts
from shared.contracts.callbacks import CallbackRequest
from shared.contracts.features import Feature
from shared.contracts.requests import JobRequest, ReceiptRequest
from shared.errors import BrokerUnavailable, Draining, QueueFull
from shared.images import ImageLimits, decode_base64, inspect
from shared.settings import Settings
from shared.store import publication
from shared.store.callbacks.asking import NewCallback, ask_for_callback
from shared.store.jobs import JobRepository, NewJob
from shared.store.models import Job
from shared.store.postgres.database import Database
from shared.telemetry.trace_context import inject
from shared.telemetry.tracing import message_attributes
from shared.wire.messages import message_id
from shared.wire.messenger import Messenger

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Submitted:
    """The job of a request. `replayed`: it existed before this request."""

    job: Job
    replayed: bool


class Submissions:
    """Turns requests into jobs."""

    def __init__(
        self,
        database: Database,
        messenger: Messenger,
        admission: Admission,
        draining: Drain,
        settings: Settings,
        metrics: FrontMetrics,
        tracer: Tracer,
    ) -> None:
        self._database = database
        self._messenger = messenger
        self._admission = admission
        self._draining = draining
        self._limits = ImageLimits(
            max_bytes=settings.max_image_bytes, max_pixels=settings.max_image_pixels
        )
        self._callback_hosts = CallbackHosts(settings.callback_hosts)
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
        """Store a job and send its message, or find the job of an earlier request.

        `join_same_content`: without a key, the same work for the same tenant is the same job,
        unless the request asks for a fresh one. `image`: the bytes, if not base64 in the payload.
        A callback does not distinguish requests: each URL hears of the one job that they share.

        Raises the Image errors, CallbackRefused, IdempotencyKeyReused, DatabaseUnavailable and
        SchemaBehind, and for a job that does not exist yet QueueFull and Draining. While the broker
        is away, jobs are accepted and their messages are sent later.
        """
        # All later log lines of the request have the tenant, also those about a refusal.
        structlog.contextvars.bind_contextvars(tenant_id=request.tenant)
        callback = self._new_callback(request.callback)
        payload, content = await asyncio.to_thread(self._stored_payload, request, image)
        feature = Feature(request.feature)
        request_hash = _hash(request.tenant, feature, payload)
        joins = join_same_content and not idempotency_key and not request.metadata.fresh
        new = NewJob(
            tenant_id=request.tenant,
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
            submitted, outcome = await self._find_or_create(new, callback)
        except (QueueFull, Draining):
            self._metrics.submitted(feature, SubmissionOutcome.REJECTED)
            raise
        self._metrics.submitted(feature, outcome)
        trace.get_current_span().set_attribute("job.id", str(submitted.job.id))
        return submitted

    async def _find_or_create(
        self, new: NewJob, callback: NewCallback | None
    ) -> tuple[Submitted, SubmissionOutcome]:
        """Use two transactions, so that no connection is held while the queue's state is read."""
        async with self._database.transaction() as session:
            found = await JobRepository(session).find_same(new)
            if found is not None and callback is not None:
                await ask_for_callback(session, found.id, callback)
        if found is not None:
            return Submitted(found, replayed=True), SubmissionOutcome.REPLAYED
        self._draining.check()
        await self._admission.check(new.feature.queue)
        with self._sending(new) as span:
            async with self._database.transaction() as session:
                job, replayed = await JobRepository(session).add(
                    replace(new, trace_carrier=inject())
                )
                if callback is not None:
                    await ask_for_callback(session, job.id, callback)
            span.set_attribute("job.id", str(job.id))
            if replayed:
                return Submitted(job, replayed), SubmissionOutcome.REPLAYED
            span.set_attribute("messaging.message.id", message_id(job.id, job.dispatch))
            outcome = await publish_or_defer(self._database, self._messenger, job)
            return Submitted(job, replayed), outcome

    def _sending(self, new: NewJob) -> AbstractContextManager[Span]:
        """Start the span that is the parent of every attempt of the job."""
        return self._tracer.start_as_current_span(
            f"send {new.feature.queue}",
            kind=SpanKind.PRODUCER,
            attributes=message_attributes("send", new.feature, new.tenant_id),
        )

    def _new_callback(self, asked: CallbackRequest | None) -> NewCallback | None:
        """Return the callback to record, or None. Raises CallbackRefused."""
        if asked is None:
            return None
        return NewCallback(
            url=asked.url,
            host=self._callback_hosts.check(asked.url).host,
            events=asked.events,
            include_output=asked.include_output,
        )

    def _stored_payload(
        self, request: JobRequest, image: bytes | None
    ) -> tuple[dict[str, Any], bytes | None]:
        """Return the payload to store with the job, and the image to store in its own table."""
        payload = request.payload.model_dump(mode="json", exclude={"image_base64"})
        if not isinstance(request, ReceiptRequest):
            return payload, None
        if image is None:
            image = decode_base64(request.payload.image_base64, self._limits)
        payload["image"] = inspect(image, self._limits).as_json()
        return payload, image


async def publish_or_defer(database: Database, messenger: Messenger, job: Job) -> SubmissionOutcome:
    """Send the message of a committed job, or note that it is deferred if the broker is away.

    The reconciler sends deferred messages, and those of a front that died before sending.
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
    """Return the sha256 of tenant, feature and payload, which has an image's own sha256."""
    canonical = json.dumps([tenant_id, feature, payload], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
