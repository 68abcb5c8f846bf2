"""Trace context: made or continued at the front, carried on the job, taken up by the worker.

Ids exist even when nothing is exported, so that a job and its log lines can always be found by one.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import context, trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

Carrier = dict[str, str]

_PROPAGATOR = TraceContextTextMapPropagator()


def tracer_provider() -> TracerProvider:
    """A provider that gives every span valid ids and exports none."""
    return TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False)


def inject() -> Carrier:
    """The current trace context as W3C headers (`traceparent`, `tracestate`); empty without one."""
    carrier: Carrier = {}
    _PROPAGATOR.inject(carrier)
    return carrier


@contextmanager
def continued(carrier: Mapping[str, str]) -> Iterator[None]:
    """Run a block inside the trace that `carrier` names."""
    token = context.attach(_PROPAGATOR.extract(carrier))
    try:
        yield
    finally:
        context.detach(token)


def trace_id(carrier: Mapping[str, str]) -> str | None:
    """The 32 hex digits of the trace that `carrier` names."""
    span = trace.get_current_span(_PROPAGATOR.extract(carrier)).get_span_context()
    return f"{span.trace_id:032x}" if span.is_valid else None


def current_trace_id() -> str | None:
    """The trace id of the running request or job."""
    return trace_id(inject())
