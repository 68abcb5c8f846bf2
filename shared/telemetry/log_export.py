"""Sends the log to Loki over OTLP/HTTP, with the same lines and ids as on stdout.

A thread sends the records in batches. While the collector is away, records are lost but nothing
waits. The SDK's own handler is deprecated, and its successor sends structlog's fields as one
opaque text.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from opentelemetry.instrumentation.log_utils import std_to_otel
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from structlog.contextvars import get_contextvars

from shared.settings import Settings
from shared.telemetry.logs import formatter
from shared.telemetry.repeated_warnings import OncePerMinute
from shared.telemetry.tracing import service_resource

# The fields to search records by, beside the trace and span ids that every record has.
_ATTRIBUTES = ("job_id", "attempt", "tenant_id", "request_id")
# The loggers of the libraries that send. Each failure to send would be one more record to send.
_SENDERS = ("opentelemetry.", "urllib3.")
# Seconds that sending the last records may take. The last spans have been sent before.
_FLUSH = 0.5


@contextmanager
def exported_logs(settings: Settings, service: str) -> Iterator[None]:
    """Send what is logged during the block, and take up to half a second at its end for the rest.

    Does nothing unless OTEL_ENABLED and OTEL_EXPORTER_OTLP_LOGS_ENDPOINT are set. `service` is the
    name in Loki unless OTEL_SERVICE_NAME is set.
    """
    endpoint = settings.otel_exporter_otlp_logs_endpoint
    if not settings.otel_enabled or endpoint is None:
        yield
        return
    # Loaded only here, since most processes export no logs.
    from opentelemetry.exporter.otlp.proto.http._log_exporter import (  # noqa: PLC0415
        OTLPLogExporter,
    )

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
        # The provider may wait half a minute for a collector that hangs, so a thread runs it.
        flush = Thread(target=provider.shutdown, daemon=True)
        flush.start()
        flush.join(_FLUSH)


class _OtlpHandler(logging.Handler):
    """Passes records to OpenTelemetry, with the JSON line as body and the logger as scope."""

    def __init__(self, provider: LoggerProvider) -> None:
        super().__init__()
        self._provider = provider
        self.setFormatter(formatter("json"))
        self.addFilter(lambda record: not record.name.startswith(_SENDERS))
        self.addFilter(OncePerMinute())

    def emit(self, record: logging.LogRecord) -> None:
        """Pass `record` on. `logging` calls this in the context of whoever logs."""
        try:
            # structlog puts its fields into the message; libraries make them record attributes.
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
            # Logging must never raise in the code that logs; every handler ends like this.
            self.handleError(record)
