"""What an attempt to deliver a callback leaves behind: a span, samples of metrics, a log line."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address
from ssl import create_default_context
from urllib.parse import urlsplit

import pytest
import structlog
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry

from shared.callback_urls import Address, CallbackHosts
from shared.store.postgres.database import Database
from tests.support.callback_rows import add_job, asked, end
from tests.support.callbacks import SECRETS
from tests.support.scripted_server import Act, Reply, scripted
from worker.callbacks.delivering import Deliveries, Timing
from worker.callbacks.requests import Signer
from worker.callbacks.sending import Sender
from worker.telemetry.job_tracing import JobTracing
from worker.telemetry.metrics import WorkerMetrics
from worker.telemetry.signals import Telemetry
from worker.telemetry.state import WorkerState

TRACE = "0af7651916cd43dd8448eb211c80319c"
CARRIER = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}


@asynccontextmanager
async def attempted(
    database: Database, act: Act
) -> AsyncIterator[tuple[Sequence[ReadableSpan], CollectorRegistry, str]]:
    """Make one attempt at a server that acts so; yields spans, metrics, and the traceparent."""

    async def resolve(_host: str, _port: int) -> Sequence[Address]:
        return [ip_address("127.0.0.1")]

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    state = WorkerState(id="w", version="0", queues=[], slots={}, components={})
    metrics = WorkerMetrics(state)
    hosts = CallbackHosts(["http://receiver", "127.0.0.0/8"])
    woken = asyncio.Event()
    deliveries = Deliveries(
        database,
        Sender(hosts, resolve, create_default_context(), 10),
        Signer(SECRETS),
        Telemetry(JobTracing(provider.get_tracer("t")), metrics),
        woken,
        Timing(claim=30, first_pause=5, interval=10),
    )
    async with scripted(act) as receiver:
        url = f"http://receiver:{urlsplit(receiver.url).port}/hook?token=s3cret"
        job = await add_job(database, asked(url, host="receiver"), trace_carrier=CARRIER)
        await end(database, job)
        woken.set()
        await deliveries.step()
        await deliveries.drain(grace=10)
        yield (
            exporter.get_finished_spans(),
            metrics.registry,
            receiver.seen[0].headers["traceparent"],
        )
    provider.shutdown()


@pytest.mark.parametrize(
    ("act", "outcome", "status"),
    [(Reply(204), "delivered", 204), (Reply(500), "retried", 500), (Reply(410), "dead", 410)],
)
async def test_an_attempt_has_a_span_and_is_counted(
    database: Database, act: Act, outcome: str, status: int
) -> None:
    """The span is in the job's trace, and the receiver continues it."""
    async with attempted(database, act) as (spans, registry, traceparent):
        (span,) = spans

    assert span.context is not None
    assert span.parent is not None
    assert (span.name, span.kind.name) == ("send callback", "CLIENT")
    assert traceparent == f"00-{TRACE}-{span.context.span_id:016x}-01"
    assert f"{span.parent.span_id:016x}" == "b7ad6b7169203331"
    attributes = dict(span.attributes or {})
    assert attributes["callback.outcome"] == outcome
    assert attributes["http.response.status_code"] == status
    assert attributes["server.address"] == "receiver"
    assert "s3cret" not in str(attributes)
    assert span.status.is_ok is (status == 204)
    labels = {"event": "job.succeeded", "outcome": outcome}
    assert registry.get_sample_value("ai_callback_deliveries_total", labels) == 1
    assert registry.get_sample_value("ai_callback_delivery_seconds_count") == 1


async def test_the_log_has_the_host_only(database: Database) -> None:
    """A path or a query may contain a secret."""
    with structlog.testing.capture_logs() as logs:
        async with attempted(database, Reply(410)):
            pass

    (line,) = [line for line in logs if line["event"].startswith("callback")]
    assert (line["event"], line["log_level"]) == ("callback.dead", "warning")
    assert line["host"] == "receiver"
    assert (line["status"], line["problem"]) == (410, "The receiver answered 410.")
    assert "s3cret" not in str(logs)
    assert "hook" not in str(logs)
