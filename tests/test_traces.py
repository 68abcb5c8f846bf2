"""One trace from the caller to the last stage, as a collector receives it."""

import asyncio
import signal
from base64 import b64encode
from contextlib import AsyncExitStack
from uuid import UUID, uuid4

import httpx
import pytest

from shared.local.receipt_image import DrawnReceipt
from tests.chaos.__main__ import QUICK
from tests.chaos.cluster import cluster
from tests.support.fronts import nowhere
from tests.support.processes.running_system import System
from tests.support.runners import ITEM, LABELS
from tests.support.telemetry.log_collector import log_collector
from tests.support.telemetry.span_collector import Collector, Span
from tests.support.waiting import wait_until

CALLER = "b7ad6b7169203331"


class Trace:
    """A trace that a caller has begun."""

    def __init__(self, collector: Collector) -> None:
        self.id = uuid4().hex
        self.headers = {"traceparent": f"00-{self.id}-{CALLER}-01"}
        self._collector = collector

    def named(self, name: str) -> list[Span]:
        """Return its spans of that name, in order."""
        return [span for span in self._collector.trace(self.id) if span.name == name]

    def only(self, name: str) -> Span:
        """Return its only span of that name."""
        (span,) = self.named(name)
        return span

    def children(self, parent: Span) -> list[str]:
        """Return the names of the spans whose parent is the given one."""
        return [s.name for s in self._collector.trace(self.id) if s.parent_id == parent.span_id]

    def calls(self) -> list[str]:
        """Return the names of the calls that the front made to Postgres and Redis, in order."""
        spans = self._collector.trace(self.id)
        made = [s for s in spans if s.kind == "CLIENT" and s.service == "grocery-planner-ai"]
        return [span.name for span in sorted(made, key=lambda span: span.start)]

    async def has(self, name: str, count: int = 1) -> None:
        """Wait until `count` spans of that name have arrived."""
        await wait_until(lambda: len(self.named(name)) >= count, f"{count} × {name} arrived", 20)


@pytest.fixture
def trace(collector: Collector) -> Trace:
    """A new trace."""
    return Trace(collector)


async def call(url: str, path: str, trace: Trace, **body: object) -> httpx.Response:
    """POST as the caller who began the trace."""
    async with httpx.AsyncClient(base_url=url, timeout=70) as http:
        sent = {"tenant_id": "traced", **body}
        return await http.post(path, json=sent, headers=trace.headers)


async def test_a_receipt_is_one_trace(
    system: System, trace: Trace, drawn: DrawnReceipt, receipt_png: bytes
) -> None:
    """Caller → front → send → process → queue wait, stages, persist."""
    answer = await call(
        system.url,
        "/api/v1/receipts/extract",
        trace,
        image_base64=b64encode(receipt_png).decode(),
        options={"candidate_labels": LABELS},
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["X-Trace-Id"] == trace.id
    await trace.has("POST /api/v1/receipts/extract")
    await trace.has("process receipts")

    server, send = trace.only("POST /api/v1/receipts/extract"), trace.only("send receipts")
    process = trace.only("process receipts")
    assert (server.parent_id, server.kind) == (CALLER, "SERVER")
    assert (send.parent_id, send.kind) == (server.span_id, "PRODUCER")
    assert (process.parent_id, process.kind) == (send.span_id, "CONSUMER")
    assert server.service == send.service == "grocery-planner-ai"
    assert process.service == "grocery-planner-ai-worker"
    assert {
        "job.queue_wait",
        "ocr.preprocess",
        "ocr.recognise",
        "receipt.parse",
        "categorize_item",
        "result.persist",
    } <= set(trace.children(process))

    wait, recognise = trace.only("job.queue_wait"), trace.only("ocr.recognise")
    assert wait.start < wait.end <= recognise.start < recognise.end <= process.end
    assert send.attributes["messaging.destination.name"] == "receipts"
    assert process.attributes["messaging.message.id"] == send.attributes["messaging.message.id"]
    assert process.attributes["job.outcome"] == "succeeded"
    assert process.attributes["job.id"] == send.attributes["job.id"]
    assert recognise.attributes["engine"] == "rapidocr"
    assert trace.only("categorize_item").attributes["items"] == len(drawn.items)
    assert not any(span.failed for span in (server, send, process))


async def test_the_spans_of_a_categorisation_say_what_was_chosen(
    system: System, trace: Trace
) -> None:
    """Spans of Postgres and Redis are children of the spans that caused them."""
    answer = await call(system.url, "/api/v1/categorize", trace, payload=ITEM)
    await trace.has("process items")
    await trace.has("POST /api/v1/categorize")

    chosen = trace.only("categorize_item").attributes
    payload = answer.json()["payload"]
    assert chosen["item_name"] == ITEM["item_name"]
    assert chosen["candidate_labels_count"] == len(LABELS)
    assert chosen["predicted_category"] == payload["category"]
    assert chosen["confidence"] == payload["confidence"]
    server, persist = trace.only("POST /api/v1/categorize"), trace.only("result.persist")
    assert "jobs.accept" in trace.children(server)
    assert "EVALSHA" in trace.children(trace.only("send items"))
    assert trace.children(persist) == ["jobs.store"]


async def test_a_submission_takes_one_round_trip_to_each_server(
    system: System, trace: Trace, collector: Collector
) -> None:
    """Whoever finds the job of an earlier request sends nothing, so there is no span for it."""
    body = {"feature": "categorization", "payload": ITEM}
    # The first statement and the first script of a process take more.
    await call(system.url, "/api/v1/jobs", Trace(collector), **body)
    await call(system.url, "/api/v1/jobs", trace, **body, request_id=trace.id)
    again = Trace(collector)
    replayed = await call(system.url, "/api/v1/jobs", again, **body, request_id=trace.id)
    assert replayed.headers["Idempotency-Replayed"] == "true"
    await trace.has("process items")
    await trace.has("POST /api/v1/jobs")
    await again.has("POST /api/v1/jobs")

    assert trace.calls() == ["jobs.accept", "EVALSHA"]
    assert again.calls() == ["jobs.accept"]
    assert again.named("send items") == []


async def test_the_span_of_a_failed_attempt_says_why(
    system: System, trace: Trace, blank_png: bytes
) -> None:
    """The span has the code of the error and the outcome."""
    payload = {"image_base64": b64encode(blank_png).decode()}
    await call(system.url, "/api/v1/extract-receipt", trace, payload=payload)
    await trace.has("process receipts")

    process = trace.only("process receipts")
    assert process.failed
    assert process.attributes["error.type"] == "no_text_found"
    assert process.attributes["job.outcome"] == "failed"


async def test_an_idle_system_emits_no_span(system: System, collector: Collector) -> None:
    """Polls, heartbeats, repairs and probes belong to no request and are not traced."""
    trace = Trace(collector)
    payload = {**ITEM, "item_name": "The last thing before the silence"}
    await call(system.url, "/api/v1/categorize", trace, payload=payload)
    await trace.has("process items")
    await trace.has("POST /api/v1/categorize")
    before = len(collector.spans)
    async with httpx.AsyncClient(base_url=system.url) as http:
        for path in ("/health", "/health/live", "/health/ready", "/health_check", "/metrics"):
            assert (await http.get(path)).status_code == 200

    with pytest.raises(AssertionError, match="a span arrived"):
        await wait_until(lambda: len(collector.spans) > before, "a span arrived", within=6)


@pytest.mark.slow
async def test_retried_and_rescued_jobs_stay_in_their_trace(collector: Collector) -> None:
    """Every attempt is a child of the same span, also one whose worker died.

    No span of the killed attempt lacks its parent, and the line about the rescue has the trace.
    """
    slow, hung = Trace(collector), Trace(collector)
    async with AsyncExitStack() as stack:
        logs = stack.enter_context(log_collector())
        env = {
            **QUICK,
            "OTEL_ENABLED": "true",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
            "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": logs.endpoint,
        }
        running = await stack.enter_async_context(
            cluster(1, 1, {"ITEM_TIMEOUT": "3", "RETRY_PAUSE": "0.1", **env})
        )
        for trace, what in ((slow, "slow 2"), (hung, "hung")):
            payload = {"item_name": what, "candidate_labels": LABELS}
            body = {"feature": "categorization", "payload": payload, "request_id": trace.id}
            answer = await call(running.url, "/api/v1/jobs", trace, **body)
            running.accepted.append(UUID(answer.json()["id"]))
        await running.until("state = 'running'", 2)
        # The spans of the front were sent after those of the worker that had ended.
        await slow.has("POST /api/v1/jobs")
        running.kill_worker(running.workers[0], signal.SIGKILL)
        running.start_worker()
        await running.all_finished()
        await slow.has("process items")
        await hung.has("process items", 2)

    rescue, again = slow.only("job.rescue"), slow.only("process items")
    assert rescue.parent_id == again.parent_id == slow.only("send items").span_id
    assert (rescue.attributes["job.attempt"], again.attributes["job.attempt"]) == (1, 2)
    assert rescue.failed
    assert not again.failed
    spans = collector.trace(slow.id)
    assert {s.parent_id for s in spans} <= {CALLER, *(s.span_id for s in spans)}
    (line,) = [line for line in logs.trace(slow.id) if "job.rescued" in line.body]
    assert line.span_id == rescue.span_id
    assert line.attributes == {
        "job_id": str(running.accepted[0]),
        "attempt": 1,
        "tenant_id": "traced",
        "request_id": slow.id,
    }
    assert again.attributes["job.outcome"] == "succeeded"

    first, second = hung.named("process items")
    assert first.parent_id == second.parent_id == hung.only("send items").span_id
    assert [span.attributes["job.outcome"] for span in (first, second)] == ["retried", "failed"]
    assert first.attributes["error.type"] == "timeout"


@pytest.mark.slow
async def test_without_a_collector_the_work_is_done(trace: Trace) -> None:
    """Each process reports it in exactly one line."""
    endpoint = nowhere("http").get_secret_value().removesuffix("/0")
    env = {**QUICK, "OTEL_ENABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}
    async with cluster(1, 1, env) as running:
        await running.submit("noop", 20)
        await running.all_finished()
        log = running.folder / "workers.log"
        await wait_until(lambda: "opentelemetry" in log.read_text(), "the warning was logged", 20)
        running.kill_worker(worker := running.workers[0], signal.SIGTERM)
        assert await asyncio.to_thread(worker.wait, 20) == 0
        assert await running.count("state = 'succeeded'") == 20
        for process in ("workers.log", "front.log"):
            assert (running.folder / process).read_text().count("opentelemetry") == 1
