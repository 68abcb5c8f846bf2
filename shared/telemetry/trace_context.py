"""The trace context: the front makes or continues it, the job carries it, the worker resumes it.

Traces have ids even if nothing is exported, so that a job and its log lines can be
found by the id of their trace.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import INVALID_SPAN_CONTEXT, NonRecordingSpan, SpanContext, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

Carrier = dict[str, str]

_PROPAGATOR = TraceContextTextMapPropagator()
_IDS = RandomIdGenerator()


def inject(span: trace.Span | None = None) -> Carrier:
    """Return the context of a span, or the current one, as W3C headers (`traceparent`, …).

    The carrier is empty if there is no trace.
    """
    carrier: Carrier = {}
    _PROPAGATOR.inject(carrier, None if span is None else trace.set_span_in_context(span))
    return carrier


def carried(carrier: Mapping[str, str]) -> Context:
    """Return the context that `carrier` names, without anything of the current one."""
    return _PROPAGATOR.extract(carrier, Context())


@contextmanager
def continuing(carrier: Mapping[str, str]) -> Iterator[None]:
    """Make the trace that `carrier` names the current one during the block; none if it names none.

    The block makes no span of its own for it.
    """
    with _current(carried(carrier)):
        yield


@contextmanager
def beginning(carrier: Mapping[str, str]) -> Iterator[None]:
    """Make a span that nobody keeps the current one during the block.

    It belongs to the trace that `carrier` names, or else to a new one. A tracer whose sampler drops
    everything makes the same span, at several times the cost.
    """
    caller = (
        trace.get_current_span(carried(carrier)).get_span_context()
        if carrier
        else INVALID_SPAN_CONTEXT
    )
    continued = caller.is_valid
    span = SpanContext(
        caller.trace_id if continued else _IDS.generate_trace_id(),
        _IDS.generate_span_id(),
        is_remote=False,
        trace_flags=TraceFlags(
            caller.trace_flags & TraceFlags.RANDOM_TRACE_ID
            if continued
            else TraceFlags.RANDOM_TRACE_ID
        ),
        trace_state=caller.trace_state,
    )
    with _current(trace.set_span_in_context(NonRecordingSpan(span), Context())):
        yield


def trace_id(carrier: Mapping[str, str]) -> str | None:
    """Return the id of the trace that `carrier` names, in 32 hex digits; None if it names none."""
    return _id_of(trace.get_current_span(carried(carrier)))


def current_trace_id() -> str | None:
    """Return the trace id of the current request or job; None if there is none."""
    return _id_of(trace.get_current_span())


@contextmanager
def _current(now: Context) -> Iterator[None]:
    token = context.attach(now)
    try:
        yield
    finally:
        context.detach(token)


def _id_of(span: trace.Span) -> str | None:
    known = span.get_span_context()
    return f"{known.trace_id:032x}" if known.is_valid else None
