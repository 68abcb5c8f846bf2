"""Logs of the running system: a job's lines are found by its trace, and contain no secrets."""

import asyncio
import json
import signal
from base64 import b64encode
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.local import stack
from shared.local.processes import free_port
from shared.version import service_version
from tests.support.processes.running_system import System
from tests.support.runners import ITEM
from tests.support.scripted_server import scripted
from tests.support.telemetry.log_collector import LogCollector
from tests.support.waiting import wait_until


class Caller:
    """A caller with its own trace."""

    def __init__(self, system: System) -> None:
        self.trace_id = uuid4().hex
        self._logs = system.logs
        self._url = system.url

    async def submit(self, request_id: str, **body: Any) -> dict[str, Any]:
        """Submit a job, wait for its end, and return its JSON."""
        headers = {"traceparent": f"00-{self.trace_id}-b7ad6b7169203331-01", "Prefer": "wait=30"}
        sent = {"tenant_id": "logged", "request_id": request_id, **body}
        async with httpx.AsyncClient(base_url=self._url, timeout=40) as http:
            answer = await http.post("/api/v1/jobs", json=sent, headers=headers)
        assert answer.status_code == 200, answer.text
        job: dict[str, Any] = answer.json()
        return job

    def lines(self, process: str) -> list[dict[str, Any]]:
        """Return every line with the trace in the log file of a process."""
        lines = (self._logs / f"{process}.log").read_text().splitlines()
        return [line for line in map(json.loads, lines) if line.get("trace_id") == self.trace_id]


@pytest.fixture
def caller(system: System) -> Caller:
    """A caller with a new trace."""
    return Caller(system)


async def test_the_lines_of_a_job_are_found_by_its_trace(
    system: System, caller: Caller, collected_logs: LogCollector
) -> None:
    """Each line is on stdout of its process, and once at the collector."""
    job = await caller.submit("r-1", feature="categorization", payload=ITEM)
    assert job["trace_id"] == caller.trace_id
    await wait_until(
        lambda: len(collected_logs.trace(caller.trace_id)) > 1, "two records arrived", 20
    )

    (front,) = caller.lines("api")
    (worker,) = caller.lines("worker")
    assert (front["message"], worker["message"]) == ("job.queued", "job.succeeded")
    for line in (front, worker):
        assert {"timestamp", "level", "logger", "span_id"} <= line.keys()
        assert (line["job_id"], line["tenant_id"]) == (job["id"], "logged")
        assert line["request_id"] == "r-1"
    assert worker["attempt"] == 1

    lines = collected_logs.trace(caller.trace_id)
    assert Counter(line.service for line in lines) == {
        "grocery-planner-ai": 1,
        "grocery-planner-ai-worker": 1,
    }
    for sent in lines:
        printed = front if sent.service == "grocery-planner-ai" else worker
        body = json.loads(sent.body)
        # The two copies are written, and therefore stamped, a moment apart.
        assert {**body, "timestamp": None} == {**printed, "timestamp": None}
        assert (sent.version, sent.severity) == (service_version(), "INFO")
        assert (sent.logger, sent.span_id) == (printed["logger"], printed["span_id"])
        assert {"attempt": 1, **sent.attributes} == {
            "job_id": job["id"],
            "tenant_id": "logged",
            "request_id": "r-1",
            "attempt": 1,
        }


async def test_no_image_is_logged(
    caller: Caller, system: System, receipt_png: bytes, collected_logs: LogCollector
) -> None:
    """No part of a submitted image is in any log."""
    image = b64encode(receipt_png).decode()
    await caller.submit("r-2", feature="receipt_extraction", payload={"image_base64": image})
    await wait_until(
        lambda: len(collected_logs.trace(caller.trace_id)) > 1, "two records arrived", 20
    )

    everything = system.log_text() + "".join(line.body for line in collected_logs.lines)
    assert "job.succeeded" in everything
    for start in range(0, len(image), len(image) // 10):
        assert image[start : start + 20] not in everything


@pytest.mark.slow
async def test_no_password_is_logged(tmp_path: Path) -> None:
    """Drivers tend to quote the URL that they failed to connect to.

    A refused request has no job, so its line names the tenant.
    """
    away = f"127.0.0.1:{free_port()}"
    env = {
        "DATABASE_URL": f"postgresql://someone:hunter2@{away}/nothing",
        "REDIS_URL": f"redis://:hunter2@{away}/0",
        "LOG_LEVEL": "DEBUG",
        "DRAIN_DELAY": "0",
        "WORKER_PORT": "0",
        "FEATURE_LOADER": "tests.chaos.features:load",
    }
    front_log, worker_log, port = tmp_path / "front.log", tmp_path / "worker.log", free_port()
    with stack.front(env, port, front_log), stack.worker(env, worker_log):
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            body = {"tenant_id": "refused", "feature": "categorization", "payload": ITEM}
            assert (await http.post("/api/v1/jobs", json=body)).status_code == 503
        await wait_until(
            lambda: "heartbeat.interrupted" in worker_log.read_text(), "a heartbeat failed", 30
        )

    text = front_log.read_text() + worker_log.read_text()
    lines = map(json.loads, front_log.read_text().splitlines())
    (refused,) = [line for line in lines if line["message"] == "request.refused"]
    assert (refused["error"], refused["tenant_id"]) == ("database_unavailable", "refused")
    assert "hunter2" not in text


@pytest.mark.parametrize("collector_is", ["away", "hung"])
async def test_without_a_collector_the_work_is_done(
    system: System, tmp_path: Path, collector_is: str
) -> None:
    """At most one line reports it, and the front does not wait for the collector when it stops."""
    log, port = tmp_path / "front.log", free_port()
    async with AsyncExitStack() as running:
        hung = await running.enter_async_context(scripted("silence"))
        url = f"http://127.0.0.1:{free_port()}" if collector_is == "away" else hung.url
        env = {**system.env, "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": f"{url}/otlp/v1/logs"}
        front = running.enter_context(stack.front(env, port, log))
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=40) as http:
            body = {"tenant_id": "quiet", "payload": ITEM}
            for _ in range(3):
                assert (await http.post("/api/v1/categorize", json=body)).status_code == 200
        if collector_is == "away":
            await wait_until(
                lambda: "opentelemetry" in log.read_text(), "the warning was logged", 20
            )
        else:
            await wait_until(lambda: bool(hung.seen), "a batch was sent", 20)
        front.send_signal(signal.SIGTERM)
        await asyncio.to_thread(front.wait, 5)

    lines = [json.loads(line) for line in log.read_text().splitlines()]
    senders = [line for line in lines if line["logger"].startswith(("opentelemetry", "urllib3"))]
    assert len(senders) == (1 if collector_is == "away" else 0)
