"""Log records to Loki, over OTLP/HTTP: what stdout gets, found by the same ids.

Sent in batches by a thread of its own; a collector that is away costs nothing but what it misses.
The SDK's own handler is deprecated, and its successor takes structlog's fields for one opaque text.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.instrumentation.log_utils import std_to_otel
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from structlog.contextvars import get_contextvars

from shared.settings import Settings
from shared.telemetry.logs import formatter
from shared.telemetry.tracing import service_resource

# What records are searched by, besides the ids of trace and span that every record has.
_ATTRIBUTES = ("job_id", "attempt", "tenant_id", "request_id")
# Who sends must not be sent: each failure would be one more record to fail with.
_SENDERS = ("opentelemetry.", "urllib3.")
# How long the last records may take to get out; seconds. Traces have had theirs before.
_FLUSH = 0.5


@contextmanager
def exported_logs(settings: Settings, service: str) -> Iterator[None]:
    """For the length of the block, send what is logged; at its end, what is left, within half a
    second. Does nothing without OTEL_ENABLED and OTEL_EXPORTER_OTLP_LOGS_ENDPOINT.

    `service`: the name in Loki, unless OTEL_SERVICE_NAME says another.
    """
    endpoint = settings.otel_exporter_otlp_logs_endpoint
    if not settings.otel_enabled or endpoint is None:
        yield
        return
    exporter = OTLPLogExporter(endpoint=endpoint)
    provider = LoggerProvider(service_resource(settings, service), shutdown_on_exit=False)
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    handler = _OtlpHandler(provider)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        # The provider may wait half a minute for a collector that hangs; nobody waits for it.
        flush = Thread(target=provider.shutdown, daemon=True)
        flush.start()
        flush.join(_FLUSH)


class _OtlpHandler(logging.Handler):
    """Hands records on as OpenTelemetry's: the line of JSON as body, its logger as scope."""

    def __init__(self, provider: LoggerProvider) -> None:
        super().__init__()
        self._provider = provider
        self.setFormatter(formatter("json"))
        self.addFilter(lambda record: not record.name.startswith(_SENDERS))

    def emit(self, record: logging.LogRecord) -> None:
        """Called by logging, in the context of whoever logs."""
        try:
            # structlog's fields are the message; a library's, attributes of the record.
            fields = record.msg if isinstance(record.msg, dict) else vars(record)
            known = {**get_contextvars(), **fields}
            found = {name: known.get(name) for name in _ATTRIBUTES}
            self._provider.get_logger(record.name).emit(
                timestamp=int(record.created * 1e9),
                severity_number=std_to_otel(record.levelno),
                severity_text=record.levelname,
                body=self.format(record),
                attributes={name: value for name, value in found.items() if value is not None},
            )
        except Exception:
            # As every handler does: logging never fails those who log.
            self.handleError(record)
