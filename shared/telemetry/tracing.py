"""The tracer of a process: which spans it makes, and how they reach the collector.

With OTEL_ENABLED a thread sends the spans in batches over OTLP/gRPC. While the collector is away,
spans are lost but nothing waits. Without OTEL_ENABLED every span has ids and none is exported.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Literal

from opentelemetry.context import Context
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
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
from shared.telemetry.span_contents import WithoutMessages
from shared.telemetry.whole_attempts import WholeAttempts
from shared.version import SERVICE, service_version

# Seconds that the last spans may take to be sent when a process stops.
_FLUSH = 1.5
# Spans are sent a second after they end; while more than this many wait, further ones are dropped.
_DELAY_MS = 1000
_QUEUE_SIZE = 16_384
_BATCH_SIZE = 1024


class Tracing:
    """The tracer of a process and its exporter. Close it last, since that sends the last spans."""

    def __init__(self, settings: Settings, service: str) -> None:
        """Prepare the tracer. `service` is the name in traces unless OTEL_SERVICE_NAME is set."""
        self.exporting = settings.otel_enabled
        self._exporter: SpanExporter | None = None
        self.provider = TracerProvider(
            resource=service_resource(settings, service),
            sampler=ParentBased(root=_NoClientRoots()) if self.exporting else ALWAYS_OFF,
            shutdown_on_exit=False,
        )
        if self.exporting:
            self._exporter = WithoutMessages(_exporter(settings.otel_exporter_otlp_endpoint))
            sending = BatchSpanProcessor(
                self._exporter,
                max_queue_size=_QUEUE_SIZE,
                schedule_delay_millis=_DELAY_MS,
                max_export_batch_size=_BATCH_SIZE,
            )
            self.provider.add_span_processor(WholeAttempts(sending))
        self.tracer = self.provider.get_tracer(SERVICE, service_version())

    async def close(self) -> None:
        """Send the last spans, for up to a second and a half, and disconnect from the collector."""
        flushed = asyncio.create_task(asyncio.to_thread(self.provider.shutdown))
        await asyncio.wait([flushed], timeout=_FLUSH)
        if self._exporter and not flushed.done():
            # This ends the hanging call, and with it the thread that waits for it.
            self._exporter.shutdown()
        await flushed


@asynccontextmanager
async def traced(settings: Settings, service: str) -> AsyncIterator[Tracing]:
    """Yield the tracing of a process, and send the last spans when the block ends."""
    tracing = Tracing(settings, service)
    try:
        yield tracing
    finally:
        await tracing.close()


def service_resource(settings: Settings, service: str) -> Resource:
    """Return the name and version that traces and logs give as their source."""
    name = settings.otel_service_name or service
    return Resource.create({SERVICE_NAME: name, SERVICE_VERSION: service_version()})


def message_attributes(
    operation: Literal["send", "process"], feature: Feature, tenant_id: str
) -> dict[str, str]:
    """Return the attributes of the spans at both ends of a message.

    `messaging.*` follows OpenTelemetry's semantic conventions; the other attributes are our own.
    """
    return {
        "messaging.system": "redis",
        "messaging.operation.type": operation,
        "messaging.operation.name": operation,
        "messaging.destination.name": feature.queue,
        "job.feature": feature,
        "tenant.id": tenant_id,
    }


def _exporter(endpoint: str) -> SpanExporter:
    # gRPC takes a tenth of a second of CPU to load, which processes that export nothing save.
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )

    return OTLPSpanExporter(endpoint=endpoint)


class _NoClientRoots(Sampler):
    """Drops client spans that have no parent.

    Polls, heartbeats and repairs use Postgres and Redis all the time without a request. Their spans
    are left out, so that an idle system has none.
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
        """Decide on a span without a parent: only calls of a client are dropped."""
        if kind is SpanKind.CLIENT:
            return SamplingResult(Decision.DROP)
        return SamplingResult(Decision.RECORD_AND_SAMPLE, attributes, trace_state)

    def get_description(self) -> str:
        """Return the name of the sampler."""
        return "NoClientRoots"
