"""A collector that receives spans over OTLP/gRPC, as Tempo does, and keeps them."""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status


@dataclass(frozen=True)
class Span:
    """A span as it was received. Ids are in hex, times in nanoseconds since the epoch.

    `text` is all of it, with its events, for people and for whoever searches it.
    """

    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    start: int
    end: int
    failed: bool
    attributes: dict[str, Any]
    text: str = ""


@dataclass
class Collector:
    """The spans and resources that were received so far, and the URL to send them to.

    `count` includes spans that were not kept.
    """

    endpoint: str
    spans: list[Span] = field(default_factory=list)
    resources: list[dict[str, Any]] = field(default_factory=list)
    count: int = 0

    def trace(self, trace_id: str) -> list[Span]:
        """Return the spans of one trace, in the order in which they began."""
        return sorted((s for s in self.spans if s.trace_id == trace_id), key=lambda s: s.start)

    def names(self, trace_id: str) -> Counter[str]:
        """Count the spans of a trace by name."""
        return Counter(span.name for span in self.trace(trace_id))


class _Servicer(TraceServiceServicer):
    def __init__(self, collector: Collector, *, keep: bool) -> None:
        self._collector = collector
        self._keep = keep
        self._lock = threading.Lock()

    def Export(  # noqa: N802 (the protocol's name)
        self, request: ExportTraceServiceRequest, context: grpc.ServicerContext
    ) -> ExportTraceServiceResponse:
        with self._lock:
            for resource in request.resource_spans:
                about = attributes_of(resource.resource.attributes)
                self._collector.resources.append(about)
                for scope in resource.scope_spans:
                    self._collector.count += len(scope.spans)
                    if self._keep:
                        service = about["service.name"]
                        self._collector.spans += [_span(service, span) for span in scope.spans]
        return ExportTraceServiceResponse()


@contextmanager
def span_collector(*, keep: bool = True) -> Iterator[Collector]:
    """Receive on a free port of 127.0.0.1 while the block runs. Without `keep`, only count."""
    server = grpc.server(ThreadPoolExecutor(max_workers=2))
    port = server.add_insecure_port("127.0.0.1:0")
    received = Collector(f"http://127.0.0.1:{port}")
    add_TraceServiceServicer_to_server(_Servicer(received, keep=keep), server)  # type: ignore[no-untyped-call]
    server.start()
    try:
        yield received
    finally:
        server.stop(grace=None).wait()


def _span(service: str, span: ProtoSpan) -> Span:
    return Span(
        service=service,
        name=span.name,
        kind=ProtoSpan.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        start=span.start_time_unix_nano,
        end=span.end_time_unix_nano,
        failed=span.status.code == Status.STATUS_CODE_ERROR,
        attributes=attributes_of(span.attributes),
        text=str(span),
    )


def attributes_of(pairs: Any) -> dict[str, Any]:
    """Convert the attributes of the protocol to a dictionary."""
    return {pair.key: _value(pair.value) for pair in pairs if isinstance(pair, KeyValue)}


def _value(value: AnyValue) -> Any:
    return getattr(value, value.WhichOneof("value") or "string_value")
