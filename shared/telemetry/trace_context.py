"""Trace context: made or continued at the front, carried on the job, taken up by the worker.

Ids exist even when nothing is exported, so that a job and its log lines can always be found by one.
"""

from collections.abc import Mapping

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

Carrier = dict[str, str]

_PROPAGATOR = TraceContextTextMapPropagator()


def inject() -> Carrier:
    """The current trace context as W3C headers (`traceparent`, `tracestate`); empty without one."""
    carrier: Carrier = {}
    _PROPAGATOR.inject(carrier)
    return carrier


def carried(carrier: Mapping[str, str]) -> Context:
    """The context that `carrier` names, and nothing of the one we are in."""
    return _PROPAGATOR.extract(carrier, Context())


def trace_id(carrier: Mapping[str, str]) -> str | None:
    """The 32 hex digits of the trace that `carrier` names."""
    span = trace.get_current_span(carried(carrier)).get_span_context()
    return f"{span.trace_id:032x}" if span.is_valid else None


def current_trace_id() -> str | None:
    """The trace id of the running request or job."""
    return trace_id(inject())
