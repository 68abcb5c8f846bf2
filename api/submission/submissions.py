"""Turns requests into jobs: the rows are committed first, then their messages are sent."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import structlog
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Tracer

from api.metrics.front import FrontMetrics, SubmissionOutcome
from api.submission.acceptance import Acceptance
from api.submission.publishing import Publications
from api.submission.storing import stored
from api.submission.submitted import Submitted, Work
from api.yielding import yielding
from shared.callback_urls import CallbackHosts
from shared.contracts.callbacks import CallbackRequest
from shared.contracts.features import Feature
from shared.errors import Bug, Draining, QueueFull, QuotaExceeded, ServiceError
from shared.images.inspection import ImageLimits
from shared.settings import Settings
from shared.store.callbacks.asking import NewCallback, ask_for_callback
from shared.store.hot.accepting import Accepted, NewJob
from shared.store.models import Job
from shared.store.postgres.database import Database
from shared.telemetry.trace_context import inject
from shared.telemetry.tracing import message_attributes
from shared.wire.messenger import Messenger

log = structlog.get_logger(__name__)

# Callbacks that are recorded at the same time for the jobs that batches found.
_CALLBACKS_AT_ONCE = 4


@dataclass(frozen=True)
class _Prepared:
    """A job to be accepted, and the span that is the parent of every attempt of it."""

    new: NewJob
    span: Span


class Submissions:
    """Turns requests into jobs."""

    def __init__(
        self,
        database: Database,
        messenger: Messenger,
        acceptance: Acceptance,
        settings: Settings,
        metrics: FrontMetrics,
        tracer: Tracer,
    ) -> None:
        self._database = database
        self._acceptance = acceptance
        self._publications = Publications(database, messenger)
        self._limits = ImageLimits(
            max_bytes=settings.max_image_bytes, max_pixels=settings.max_image_pixels
        )
        self._callback_hosts = CallbackHosts(settings.callback_hosts)
        self._asking = asyncio.Semaphore(_CALLBACKS_AT_ONCE)
        self._metrics = metrics
        self._tracer = tracer

    async def close(self) -> None:
        """Wait for what is under way for callers who are gone."""
        await self._acceptance.close()
        await self._publications.close()

    async def accept(self, work: Work) -> Submitted:
        """Store a job, or find the job of an earlier request; `publish` sends its message.

        Meanwhile the caller can arrange to hear of the end. A callback does not distinguish
        requests: each URL hears of the job that they share. Raises the Image errors,
        CallbackRefused, IdempotencyKeyReused, DatabaseUnavailable and SchemaBehind, and for a job
        that does not exist yet QueueFull, QuotaExceeded and Draining.
        """
        # All later log lines of the request have the tenant, also those about a refusal.
        structlog.contextvars.bind_contextvars(tenant_id=work.request.tenant)
        prepared = await self._prepare(work)
        try:
            accepted = await self._acceptance.accept(prepared.new)
        except (QueueFull, QuotaExceeded, Draining):
            self._metrics.submitted(prepared.new.feature, SubmissionOutcome.REJECTED)
            raise
        submitted = self._submitted(prepared, accepted)
        await self._ask_for_callback(prepared.new, submitted)
        trace.get_current_span().set_attribute("job.id", str(submitted.id))
        return submitted

    async def publish(self, submitted: Submitted) -> None:
        """Send the message of a new job, or note that it is deferred if the broker is away."""
        if submitted.message is not None:
            with trace.use_span(submitted.span, end_on_exit=True):
                deferred = await self._publications.publish(submitted.message)
            self._note(submitted, deferred)
            _log(str(submitted.id), submitted.feature, submitted.queue, deferred)

    async def submit_all(self, works: Sequence[Work]) -> list[Submitted | ServiceError]:
        """Submit several jobs; return for each the job or the error, in their order.

        Those that are stored are committed together, and published before anything else is done
        for them. Raises DatabaseUnavailable and SchemaBehind.
        """
        results: dict[int, Submitted | ServiceError] = {}
        prepared: dict[int, _Prepared] = {}
        async for index, work in yielding(enumerate(works)):
            try:
                prepared[index] = await self._prepare(work)
            except ServiceError as error:
                results[index] = error
        accepted = await self._acceptance.accept_all([each.new for each in prepared.values()])
        for (index, each), result in zip(prepared.items(), accepted, strict=True):
            results[index] = self._submitted_or_error(each, result)
        await self._publish_all([done for done in results.values() if isinstance(done, Submitted)])
        asking = [index for index, each in prepared.items() if each.new.callback is not None]
        asked = await asyncio.gather(
            *(self._with_callback(prepared[index].new, results[index]) for index in asking)
        )
        results |= dict(zip(asking, asked, strict=True))
        return [results[index] for index in range(len(works))]

    async def _publish_all(self, submitted: Sequence[Submitted]) -> None:
        sent = {each.message: each for each in submitted if each.message is not None}
        try:
            reasons = await self._publications.publish_all(list(sent))
        finally:
            for each in sent.values():
                each.span.end()
        for each, deferred in zip(sent.values(), reasons, strict=True):
            self._note(each, deferred)
        _log_batch(sent.values(), reasons)

    async def publish_again(self, job: Job) -> None:
        """Send the message of a job that was put into the outbox, unless the broker is away."""
        deferred = await self._publications.publish_again(job)
        _log(str(job.id), job.feature, job.queue, deferred)

    async def _prepare(self, work: Work) -> _Prepared:
        """Return what to insert. Raises the Image errors and CallbackRefused."""
        request = work.request
        callback = self._new_callback(request.callback)
        values = await stored(request, work.image, self._limits)
        feature = Feature(request.feature)
        joins = work.join_same_content and not (work.idempotency_key or request.metadata.fresh)
        span = self._tracer.start_span(
            f"send {feature.queue}",
            kind=SpanKind.PRODUCER,
            attributes=message_attributes("send", feature, request.tenant),
        )
        new = NewJob(
            tenant_id=request.tenant,
            user_id=request.user_id,
            request_id=request.request_id or work.request_id,
            feature=feature,
            priority=request.priority,
            payload=values.payload,
            image=values.image,
            idempotency_key=work.idempotency_key,
            content_key=values.request_hash if joins else None,
            request_hash=values.request_hash,
            trace_carrier=inject(span),
            callback=callback,
        )
        return _Prepared(new, span)

    def _submitted_or_error(
        self, prepared: _Prepared, result: Accepted | Exception
    ) -> Submitted | ServiceError:
        if isinstance(result, QueueFull | QuotaExceeded | Draining):
            self._metrics.submitted(prepared.new.feature, SubmissionOutcome.REJECTED)
        if isinstance(result, ServiceError):
            return result
        if isinstance(result, Exception):
            log.error("submission.bug", exc_info=result)
            return Bug()
        return self._submitted(prepared, result)

    def _submitted(self, prepared: _Prepared, accepted: Accepted) -> Submitted:
        new = prepared.new
        if not accepted.replayed:
            return Submitted.of_new(new, accepted, prepared.span)
        # Nothing is sent, so the span is never ended, and nobody sees it.
        self._metrics.submitted(new.feature, SubmissionOutcome.REPLAYED)
        return Submitted.found(new, accepted.id, accepted.state)

    async def _ask_for_callback(self, new: NewJob, submitted: Submitted) -> None:
        """Record the callback for a job that was found; a new one has it already.

        Raises CallbackRefused if too many others asked for callbacks of the job.
        """
        if new.callback is not None and submitted.replayed:
            async with self._database.transaction() as session:
                await ask_for_callback(session, submitted.id, new.callback)

    async def _with_callback(
        self, new: NewJob, submitted: Submitted | ServiceError
    ) -> Submitted | ServiceError:
        """Return what was submitted once its callback is recorded, or the error of that."""
        if isinstance(submitted, ServiceError):
            return submitted
        try:
            async with self._asking:
                await self._ask_for_callback(new, submitted)
        except ServiceError as error:
            return error
        except Exception:
            log.exception("submission.bug", job_id=str(submitted.id))
            return Bug()
        return submitted

    def _note(self, submitted: Submitted, deferred: str | None) -> None:
        outcome = SubmissionOutcome.DEFERRED if deferred else SubmissionOutcome.QUEUED
        self._metrics.submitted(submitted.feature, outcome)
        submitted.note_publication(deferred=deferred is not None)

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


def _log(job_id: str, feature: str, queue: str, deferred: str | None) -> None:
    if deferred:
        log.warning("job.deferred", job_id=job_id, reason=deferred)
    else:
        log.info("job.queued", job_id=job_id, feature=feature, queue=queue)


def _log_batch(sent: Iterable[Submitted], reasons: Iterable[str | None]) -> None:
    """Write a line for all the jobs of a tenant, which a batch may have many of."""
    alike = Counter((each.tenant_id, reason) for each, reason in zip(sent, reasons, strict=True))
    for (tenant_id, reason), jobs in alike.items():
        if reason:
            log.warning("batch.deferred", tenant_id=tenant_id, jobs=jobs, reason=reason)
        else:
            log.info("batch.queued", tenant_id=tenant_id, jobs=jobs)
