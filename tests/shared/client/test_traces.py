"""The client sends the caller's trace, so that the job belongs to it."""

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from shared.client.calls.options import Origin
from shared.settings import Settings
from tests.support.both_clients import Kind, open_client
from tests.support.fronts import front_server
from tests.support.runners import ITEM
from tests.support.scripted_server import ok, scripted

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE_ID}-b7ad6b7169203331-01"


async def test_the_job_is_in_the_trace_of_the_current_span(settings: Settings, kind: Kind) -> None:
    """The caller need not name the trace."""
    tracer = TracerProvider().get_tracer("test")
    async with front_server(settings) as url, open_client(kind, url) as client:
        with tracer.start_as_current_span("caller") as span:
            ours = await client.submit("categorization", ITEM)
        outside = await client.submit("categorization", ITEM)

    assert ours.trace_id == f"{span.get_span_context().trace_id:032x}"
    assert outside.trace_id not in (None, ours.trace_id)


async def test_a_given_traceparent_replaces_the_current_span(
    settings: Settings, kind: Kind
) -> None:
    """Callers without OpenTelemetry need it."""
    tracer = TracerProvider().get_tracer("test")
    async with front_server(settings) as url, open_client(kind, url) as client:
        with tracer.start_as_current_span("caller"):
            job = await client.submit("categorization", ITEM, traceparent=TRACEPARENT)

    assert job.trace_id == TRACE_ID


@pytest.mark.parametrize("named", [True, False])
async def test_tracestate_is_only_sent_with_its_own_traceparent(kind: Kind, named: bool) -> None:
    """The tracestate of the current span does not belong to the given trace."""
    state = trace.TraceState([("vendor", "x")])
    context = trace.SpanContext(1, 2, is_remote=False, trace_state=state)
    given: Origin = {"traceparent": TRACEPARENT} if named else {}
    async with scripted(ok({})) as server, open_client(kind, server.url, retries=0) as client:
        with trace.use_span(trace.NonRecordingSpan(context)), pytest.raises(Exception, match="200"):
            await client.embed(["milk"], **given)

    (seen,) = server.seen
    assert (seen.headers["traceparent"] == TRACEPARENT) is named
    assert seen.headers.get("tracestate") == (None if named else "vendor=x")
