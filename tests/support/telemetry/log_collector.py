"""A collector that receives log records over OTLP/HTTP, as Loki does, and keeps them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from tests.support.telemetry.span_collector import attributes_of


@dataclass(frozen=True)
class Line:
    """A log record as it was received. Ids are in hex; `service` and `version` are the sender's."""

    service: str
    version: str
    logger: str
    severity: str
    body: str
    trace_id: str
    span_id: str
    attributes: dict[str, Any]


@dataclass
class LogCollector:
    """The log records that were received so far, and the URL to send them to."""

    endpoint: str
    lines: list[Line] = field(default_factory=list)

    def trace(self, trace_id: str) -> list[Line]:
        """Return the records of one trace."""
        return [line for line in self.lines if line.trace_id == trace_id]


@contextmanager
def log_collector() -> Iterator[LogCollector]:
    """Receive on a free port of 127.0.0.1 while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            assert self.path == "/otlp/v1/logs"
            content = self.rfile.read(int(self.headers["Content-Length"]))
            received.lines += _lines(ExportLogsServiceRequest.FromString(content))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Print nothing among the output of the tests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received = LogCollector(f"http://127.0.0.1:{server.server_port}/otlp/v1/logs")
    serving = Thread(target=server.serve_forever)
    serving.start()
    try:
        yield received
    finally:
        server.shutdown()
        serving.join()
        # This waits for connections that exporters keep open; their processes have ended before.
        server.server_close()


def _lines(request: ExportLogsServiceRequest) -> Iterator[Line]:
    for resource in request.resource_logs:
        sender = attributes_of(resource.resource.attributes)
        for scope in resource.scope_logs:
            for record in scope.log_records:
                yield _line(sender, scope.scope.name, record)


def _line(sender: dict[str, Any], logger: str, record: LogRecord) -> Line:
    return Line(
        service=sender["service.name"],
        version=sender["service.version"],
        logger=logger,
        severity=record.severity_text,
        body=record.body.string_value,
        trace_id=record.trace_id.hex(),
        span_id=record.span_id.hex(),
        attributes=attributes_of(record.attributes),
    )
