"""Keeps out of exported spans what the texts of exceptions may quote.

Libraries record exceptions in their spans with text and traceback. `described_errors` says why
neither may be shown.
"""

from collections.abc import Sequence

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Status

from shared.version import SERVICE

# The name and the attributes of the event, by OpenTelemetry's conventions.
_EXCEPTION, _KEPT = "exception", ("exception.type", "exception.escaped")


class WithoutMessages(SpanExporter):
    """Exports spans without the texts of exceptions, and with their types."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export the spans."""
        return self._exporter.export([_without_messages(span) for span in spans])

    def shutdown(self) -> None:
        """Shut the exporter down."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Export what waits within so many milliseconds; return whether that succeeded."""
        return self._exporter.force_flush(timeout_millis)


def _without_messages(span: ReadableSpan) -> ReadableSpan:
    raised = any(map(_is_exception, span.events))
    if not raised and (span.status.description is None or _is_ours(span)):
        return span
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=span.attributes,
        events=[_without_message(event) for event in span.events],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _is_ours(span: ReadableSpan) -> bool:
    scope = span.instrumentation_scope
    return scope is not None and scope.name == SERVICE


def _is_exception(event: Event) -> bool:
    return event.name == _EXCEPTION


def _without_message(event: Event) -> Event:
    if not _is_exception(event):
        return event
    attributes = event.attributes or {}
    kept = {name: value for name, value in attributes.items() if name in _KEPT}
    return Event(event.name, kept, event.timestamp)
