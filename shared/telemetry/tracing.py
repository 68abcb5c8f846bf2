"""The tracer of a process: which spans there are, and how they get to the collector.

With OTEL_ENABLED spans go out in batches over OTLP/gRPC, from a thread of their own; a collector
that is away costs nothing but its spans. Without, every span has ids and none is kept.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Literal

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    Decision,
    ParentBased,
    Sampler,
    SamplingResult,
)
from opentelemetry.trace import Link, SpanKind, TraceState
from opentelemetry.util.types import Attributes

from shared.contracts.features import Feature
from shared.settings import Settings
from shared.version import SERVICE, service_version

# How long the last spans may take to get out when a process stops; seconds.
_FLUSH = 1.5
# Spans are on their way a second after they end; more than so many at a time are dropped.
_DELAY_MS = 1000
_QUEUE_SIZE = 16_384
_BATCH_SIZE = 1024


class Tracing:
    """One per process. `close` it last: it sends what is left."""

    def __init__(self, settings: Settings, service: str) -> None:
        """`service`: the name in traces, unless OTEL_SERVICE_NAME says another."""
        self.exporting = settings.otel_enabled
        self._exporter = None
        self.provider = TracerProvider(
            resource=service_resource(settings, service),
            sampler=ParentBased(root=_OnlyAsked()) if self.exporting else ALWAYS_OFF,
            shutdown_on_exit=False,
        )
        if self.exporting:
            self._exporter = OTLPSpanExporter(endpoint=settings.otel_exporter_otlp_endpoint)
            self.provider.add_span_processor(
                BatchSpanProcessor(
                    self._exporter,
                    max_queue_size=_QUEUE_SIZE,
                    schedule_delay_millis=_DELAY_MS,
                    max_export_batch_size=_BATCH_SIZE,
                )
            )
        self.tracer = self.provider.get_tracer(SERVICE, service_version())

    async def close(self) -> None:
        """Send what is left, within a second and a half; then let go of the collector."""
        flushed = asyncio.create_task(asyncio.to_thread(self.provider.shutdown))
        await asyncio.wait([flushed], timeout=_FLUSH)
        if self._exporter and not flushed.done():
            # Ends the call that hangs, and with it the thread that waits for it.
            self._exporter.shutdown()
        await flushed


@asynccontextmanager
async def traced(settings: Settings, service: str) -> AsyncIterator[Tracing]:
    """The tracing of a process for the length of the block; at its end it sends what is left."""
    tracing = Tracing(settings, service)
    try:
        yield tracing
    finally:
        await tracing.close()


def service_resource(settings: Settings, service: str) -> Resource:
    """Who we are, in traces and logs alike."""
    name = settings.otel_service_name or service
    return Resource.create({SERVICE_NAME: name, SERVICE_VERSION: service_version()})


def message_attributes(
    operation: Literal["send", "process"], feature: Feature, tenant_id: str
) -> dict[str, str]:
    """Of the spans at both ends of a message: the semantic conventions for messaging, and ours."""
    return {
        "messaging.system": "redis",
        "messaging.operation.type": operation,
        "messaging.operation.name": operation,
        "messaging.destination.name": feature.queue,
        "job.feature": feature,
        "tenant.id": tenant_id,
    }


class _OnlyAsked(Sampler):
    """Begins traces at requests and nowhere else.

    Polls, heartbeats and repairs ask Postgres and Redis all the time and nobody asked for it: a
    call of a client that has no parent is left out, whoever makes it. An idle system has no spans.
    """

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Called for spans without a parent."""
        if kind is SpanKind.CLIENT:
            return SamplingResult(Decision.DROP)
        return SamplingResult(Decision.RECORD_AND_SAMPLE, attributes, trace_state)

    def get_description(self) -> str:
        """For people."""
        return "OnlyAsked"
