"""Nothing that somebody sent is in a log, a metric, an error or a trace, whatever fails."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from shared.local import stack
from shared.local.processes import free_port
from shared.settings import Settings
from shared.store.postgres.database import Database
from shared.telemetry.described_errors import describe_with_traceback
from tests.support.processes.running_system import System
from tests.support.runners import LABELS
from tests.support.telemetry.log_collector import LogCollector
from tests.support.telemetry.span_collector import Collector
from tests.support.waiting import wait_until

# In every field that a caller can fill, and nowhere else; and the name of an item, which is traced.
MARKER, NAME = "zanzibar-crumpet", "marzipan-parsnip"
JSON, TENANT = {"content-type": "application/json"}, {"X-Tenant-ID": "t"}
SECRET = "whsec_" + b64encode(b"0" * 32).decode()

# Errors that quote the row, as triggers, constraints and casts of Postgres do.
REFUSING = (
    f"""
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.payload::text LIKE '%unstorable {MARKER}%' THEN
        RAISE EXCEPTION 'cannot store %', NEW.payload USING DETAIL = NEW.payload::text;
    ELSIF NEW.output IS NOT NULL AND NEW.payload::text LIKE '%lost {MARKER}%' THEN
        PERFORM (NEW.payload ->> 'item_name')::int;
    END IF;
    RETURN NEW;
END
$$""",
    "CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION refuse()",
)
# Names of items that make the job fail: see quoting_features.py and the trigger.
FAILING = ("bug", "group", "invalid", "lost")


@dataclass(frozen=True)
class Place:
    """A front, the worker that serves it, and the folder of their logs."""

    http: httpx.AsyncClient
    worker_url: str
    callback_url: str
    logs: Path

    async def shown(self) -> str:
        """Return all that is in the logs and metrics of both processes."""
        metrics = [
            (await self.http.get(url)).text for url in ("/metrics", f"{self.worker_url}/metrics")
        ]
        return "".join([path.read_text() for path in self.logs.iterdir()] + metrics)


@pytest.fixture
async def place(
    settings: Settings, database: Database, servers: stack.Servers, tmp_path: Path,
    collector: Collector, collected_logs: LogCollector,
) -> AsyncIterator[Place]:  # fmt: skip
    """Processes whose features quote what they were sent, on a database that does so too."""
    callback_port = free_port()
    env = {
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "REDIS_URL": servers.redis_url,
        "QUEUE_NAMESPACE": settings.queue_namespace,
        "WORKER_PORT": str(free_port()),
        "WORKER_QUEUES": "items",
        "FEATURE_LOADER": "tests.support.telemetry.quoting_features:load",
        "RETRY_PAUSE": "0.01",
        "DRAIN_DELAY": "0",
        "SHUTDOWN_GRACE": "0",
        "CALLBACK_HOSTS": f"http://127.0.0.1:{callback_port}",
        "CALLBACK_SECRETS": SECRET,
        "OTEL_ENABLED": "true",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": collected_logs.endpoint,
        "LOG_LEVEL": "DEBUG",
    }
    async with database.transaction() as session:
        for statement in REFUSING:
            await session.execute(text(statement))
    port = free_port()
    with (
        stack.worker(env, tmp_path / "worker.log"),
        stack.front(env, port, tmp_path / "api.log"),
    ):
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
            worker_url = f"http://127.0.0.1:{env['WORKER_PORT']}"
            yield Place(http, worker_url, f"http://127.0.0.1:{callback_port}", tmp_path)
    async with database.transaction() as session:
        await session.execute(text("DROP FUNCTION refuse CASCADE"))


@pytest.mark.slow
async def test_no_failure_shows_what_was_sent(
    place: Place, database: Database, collector: Collector, collected_logs: LogCollector
) -> None:
    """Refused bodies, bugs, errors of Postgres, rows that cannot be read, dead receivers."""
    jobs = [await _job(place, kind) for kind in FAILING]
    assert [job["error"]["code"] for job in jobs] == ["internal_error"] * len(FAILING)
    ended = await _job(place, "abandoned")
    assert ended["status"] == "succeeded"
    answers = [await place.http.post(path, **sent) for path, sent in _refused()]
    assert {answer.is_success for answer in answers} == {False}
    async with database.transaction() as session:
        await session.execute(
            text("UPDATE jobs SET error = :error WHERE id = :id"),
            {"error": json.dumps({"error": [MARKER]}), "id": ended["id"]},
        )
    answers.append(await place.http.get(f"/api/v1/jobs/{ended['id']}", headers=TENANT))
    await wait_until(
        lambda: "callback." in (place.logs / "worker.log").read_text(), "a callback failed", 20
    )
    traced = {job["trace_id"] for job in (*jobs, ended)}
    await wait_until(
        lambda: traced <= {span.trace_id for span in collector.spans}, "all were traced", 20
    )

    errors = [job["error"] for job in jobs] + [answer.text for answer in answers]
    assert [error for error in errors if MARKER in str(error)] == []
    shown = await place.shown()
    assert shown.count("job.bug") > 1
    assert shown.count("Traceback") > 1
    assert MARKER not in shown
    assert MARKER not in "".join(line.body for line in collected_logs.lines)
    assert MARKER not in "".join(span.text for span in collector.spans)


async def test_no_receipt_is_shown(
    system: System, collector: Collector, collected_logs: LogCollector
) -> None:
    """The name of an item is in its span by default, and that is the only exception."""
    broken = b"\x89PNG\r\n\x1a\n" + MARKER.encode() * 100
    sent = {"tenant_id": "t", "image_base64": b64encode(broken).decode(), "request_id": "r"}
    item = {"item_name": NAME, "candidate_labels": LABELS}
    async with httpx.AsyncClient(base_url=system.url, timeout=60) as http:
        receipt = await http.post("/api/v1/receipts/extract", json=sent)
        done = await http.post("/api/v1/categorize", json={"tenant_id": "t", "payload": item})
    assert (receipt.status_code, done.status_code) == (422, 200)
    trace = done.headers["X-Trace-Id"]
    await wait_until(
        lambda: "process items" in collector.names(trace), "the attempt was traced", 20
    )

    assert MARKER not in receipt.text
    logged = system.log_text() + "".join(line.body for line in collected_logs.lines)
    assert MARKER not in logged
    assert NAME not in logged
    assert MARKER not in "".join(span.text for span in collector.spans)
    (span,) = [span for span in collector.spans if NAME in span.text]
    assert span.name == "categorize_item"
    assert [key for key, value in span.attributes.items() if NAME in str(value)] == ["item_name"]


async def _job(place: Place, kind: str) -> dict[str, Any]:
    """Submit a job whose every field has the marker, and return it when it has ended."""
    body = {
        "tenant_id": "t",
        "feature": "categorization",
        "payload": {"item_name": f"{kind} {MARKER}", "candidate_labels": [MARKER, "other"]},
        "metadata": {"anything": MARKER},
        "callback": {"url": f"{place.callback_url}/{MARKER}"},
    }
    answer = await place.http.post("/api/v1/jobs", json=body, headers={"Prefer": "wait=30"})
    assert answer.status_code == 200, answer.text
    job: dict[str, Any] = answer.json()
    return job


def _refused() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield requests that are refused, by the framework, by us and by Postgres."""
    payload = {"item_name": MARKER, "candidate_labels": LABELS}
    fields = {"tenant_id": "t", "feature": "categorization", "payload": payload}
    wrong: dict[str, Any] = {"any": [MARKER]}
    for field in fields:
        yield "/api/v1/jobs", {"json": {**fields, field: wrong}}
        yield "/api/v1/jobs", {"json": {**fields, field: [MARKER]}}
    for field in payload:
        yield "/api/v1/jobs", {"json": {**fields, "payload": {**payload, field: wrong}}}
    for item in (f"unstorable {MARKER}", f"\x00{MARKER}", f"\ud800{MARKER}", MARKER * 1000):
        sent = {**fields, "payload": {**payload, "item_name": item}}
        yield "/api/v1/jobs", {"content": json.dumps(sent), "headers": JSON}
    yield "/api/v1/jobs", {"content": f'{{"payload": {MARKER}', "headers": JSON}
    yield "/api/v1/embed", {"json": {"texts": [{"id": wrong, "text": wrong}]}}
    yield "/api/v1/categorize-batch", {"json": {"payload": {"items": MARKER}}}
    yield "/api/v1/receipts/extract", {"json": {"tenant_id": "t", "image_base64": MARKER}}
    yield "/api/v1/receipts/extract", {"json": {"tenant_id": "t", "image_url": MARKER}}
    yield "/api/v1/receipts/extract", {"files": {"file": (MARKER, MARKER.encode(), "image/png")}}


def test_a_traceback_has_places_and_no_texts() -> None:
    """Causes, contexts and groups are all shown, each once, and an error may be its own cause."""
    try:
        try:
            raise KeyError(MARKER)  # noqa: TRY301
        except KeyError:
            raise ExceptionGroup(MARKER, [ValueError(MARKER)]) from OSError(2, "No such file")
    except ExceptionGroup as error:
        error.__cause__.__cause__ = error  # type: ignore[union-attr]
        described = describe_with_traceback((type(error), error, error.__traceback__))

    assert MARKER not in described
    assert "FileNotFoundError: [Errno 2] No such file" in described
    assert described.count("ExceptionGroup") == 2  # the line of code, and the class
    assert "member 1" in described
    assert "ValueError" in described
    assert __file__ in described
