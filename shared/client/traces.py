"""The caller's trace, where the calling program has OpenTelemetry. Nothing here needs it."""

try:
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
except ImportError:
    _HAS_OPENTELEMETRY = False
else:
    _HAS_OPENTELEMETRY = True


def trace_headers() -> dict[str, str]:
    """Return the current trace context as W3C headers (`traceparent`, `tracestate`).

    They are empty if there is no current trace, or no OpenTelemetry.
    """
    headers: dict[str, str] = {}
    if _HAS_OPENTELEMETRY:
        TraceContextTextMapPropagator().inject(headers)
    return headers
