"""Makes the spans of a job, which all belong to the trace of the request that submitted it.

send receipts (front, PRODUCER)
├─ process receipts (CONSUMER)         one for each attempt, also after a retry or a rescue
│  ├─ job.queue_wait                   from being due to the claim
│  ├─ ocr.preprocess, ocr.recognise …  the stages, as the run measured them
│  └─ result.persist
├─ job.rescue                          the time of an attempt that crashed with its worker
└─ send callback (CLIENT)              one for each attempt to deliver a callback
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer

from shared.contracts.outcomes import AttemptOutcome
from shared.errors import ServiceError
from shared.store.callbacks.deliveries import ClaimedDelivery
from shared.store.hot.claiming import Claim
from shared.store.transitions import Rescued
from shared.telemetry.trace_context import carried
from shared.telemetry.tracing import message_attributes
from shared.wire.messages import message_id
from worker.pipeline.stages import Stage


class JobTracing:
    """Makes the spans of jobs. The clocks of Postgres and of this process are taken to agree."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    @contextmanager
    def run(self, claim: Claim) -> Iterator[None]:
        """Make the span of one attempt, current while the block runs; `ended` adds the outcome."""
        with self._tracer.start_as_current_span(
            f"process {claim.feature.queue}",
            context=carried(claim.trace_carrier),
            kind=SpanKind.CONSUMER,
            attributes={
                **message_attributes("process", claim.feature, claim.tenant_id),
                "messaging.message.id": message_id(claim.job_id, claim.dispatch),
                "job.id": str(claim.job_id),
                "job.attempt": claim.attempt,
                "worker.id": claim.worker_id,
            },
        ):
            wait = self._tracer.start_span("job.queue_wait", start_time=_ns(claim.queued_at))
            wait.end(_ns(claim.started_at))
            yield

    @contextmanager
    def persist(self) -> Iterator[None]:
        """Make the span of storing the outcome, current while the block runs."""
        with self._tracer.start_as_current_span("result.persist"):
            yield

    def stages(self, stages: Sequence[Stage]) -> None:
        """Make a span of each stage, below the current span, which is that of the attempt."""
        for stage in stages:
            span = self._tracer.start_span(
                stage.name, start_time=stage.start_ns, attributes=stage.attributes
            )
            span.end(stage.end_ns)

    def ended(self, outcome: AttemptOutcome, error: ServiceError | None) -> None:
        """Set on the current span how the attempt ended.

        Every error marks the span as failed, even if the caller is at fault: people look here for
        the reason why a job failed.
        """
        span = trace.get_current_span()
        span.set_attribute("job.outcome", outcome)
        if error is not None:
            span.set_attributes({"error.type": error.code, "error.class": error.error_class})
            span.set_status(StatusCode.ERROR, error.code)

    @contextmanager
    def rescued(self, job: Rescued) -> Iterator[None]:
        """Make a span for an attempt whose worker died before it could send one.

        It is current while the block runs, so that the lines of the log about it are in the trace.
        """
        with self._tracer.start_as_current_span(
            "job.rescue",
            context=carried(job.trace_carrier),
            start_time=_ns(job.started_at),
            attributes={
                "job.id": str(job.job_id),
                "job.attempt": job.attempt,
                "job.state": job.state,
                "worker.id": job.worker_id,
            },
        ) as span:
            span.set_status(StatusCode.ERROR, "the worker was lost")
            yield

    @contextmanager
    def callback(self, claimed: ClaimedDelivery) -> Iterator[Span]:
        """Make the span of one attempt to deliver a callback, current while the block runs.

        Its attributes do not have the URL, whose path and query may contain a secret.
        """
        with self._tracer.start_as_current_span(
            "send callback",
            context=carried(claimed.trace_carrier),
            kind=SpanKind.CLIENT,
            attributes={
                "http.request.method": "POST",
                "http.request.resend_count": claimed.attempts - 1,
                "server.address": claimed.host,
                "job.id": str(claimed.job_id),
                "callback.delivery_id": str(claimed.id),
                "callback.event": claimed.event,
            },
        ) as span:
            yield span


def _ns(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1000
