"""Probes and metrics: what is alive, what is ready, what is missing."""

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from shared.client import ServiceClient
from shared.contracts.jobs import JobStatus
from shared.settings import Settings
from shared.version import service_version
from tests.conftest import System
from tests.support import ITEM, dairy, front_http, nowhere, wait_until, worker_with
from worker.main import worker
from worker.pipeline.ocr.tesseract import is_installed


async def test_a_front_says_who_it_is(http: httpx.AsyncClient) -> None:
    """The basic probe of load balancers."""
    assert (await http.get("/health")).json() == {
        "status": "ok",
        "service": "grocery-planner-ai",
        "version": service_version(),
    }


async def test_everything_is_ready(system: System) -> None:
    """With a worker and its models, every check is fine, and names its model."""
    async with httpx.AsyncClient(base_url=system.url) as http:
        answer = await http.get("/health/ready")

    body = answer.json()
    assert (answer.status_code, body["status"]) == (200, "ok")
    tesseract = "available" if is_installed() else "not_installed"
    assert {name: check["status"] for name, check in body["checks"].items()} == {
        "database": "ok",
        "redis": "ok",
        "queue": "ok",
        "workers": "ok",
        "ocr": "ok",
        "tesseract": tesseract,
        "classifier": "ok",
        "embedding_model": "available",
    }
    assert body["checks"]["classifier"]["model"] == "all-MiniLM-L6-v2"


async def test_an_engine_that_is_missing_is_named(
    http: httpx.AsyncClient,
    settings: Settings,
    client: ServiceClient,
    monkeypatch: pytest.MonkeyPatch,
    receipt_png: bytes,
) -> None:
    """Its jobs wait and say for what, the worker serves items on, and no other engine reads."""
    monkeypatch.setenv("PATH", "/nowhere")
    chosen = settings.model_copy(update={"ocr_engine": "tesseract", "receipt_slots": 1})
    async with worker(chosen):
        body = (await http.get("/health/ready")).json()
        receipt = await client.submit_receipt(receipt_png, wait=1)
        item = await client.categorize("Milk", ["Dairy", "Produce"])

    assert body["status"] == "degraded"
    assert body["checks"]["ocr"]["status"] == "unavailable"
    assert "apt-get install tesseract-ocr" in body["checks"]["ocr"]["error"]
    assert body["checks"]["tesseract"]["status"] == "not_installed"
    assert receipt.status is JobStatus.QUEUED
    assert receipt.error is not None
    assert (receipt.error.code, receipt.error.error_class) == ("engine_unavailable", "unavailable")
    assert item.payload is not None


async def test_without_a_worker_work_is_accepted_and_waits(http: httpx.AsyncClient) -> None:
    """Degraded, and 200: a load balancer must not take the front away for that."""
    answer = await http.get("/health/ready")

    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["checks"]["workers"] == {"status": "degraded", "alive": 0, "queues": []}


async def test_a_worker_that_went_away_is_missed(
    http: httpx.AsyncClient, settings: Settings
) -> None:
    """It is there as soon as it is ready, and gone when it has left."""

    async def workers() -> int:
        alive: int = (await http.get("/health/ready")).json()["checks"]["workers"]["alive"]
        return alive

    async with worker_with(settings, dairy):
        assert await workers() == 1
    assert await workers() == 0


@pytest.mark.parametrize(
    ("missing", "status", "overall"),
    [("database_url", 503, "error"), ("redis_url", 200, "degraded")],
)
async def test_a_missing_dependency_is_named(
    settings: Settings, missing: str, status: int, overall: str
) -> None:
    """Only without Postgres can nothing be accepted. The process lives on either way."""
    scheme = "postgresql" if missing == "database_url" else "redis"
    broken = settings.model_copy(update={missing: nowhere(scheme)})
    async with front_http(broken) as http:
        ready = await http.get("/health/ready")
        live = await http.get("/health/live")

    assert (ready.status_code, ready.json()["status"]) == (status, overall)
    assert ready.json()["checks"][missing.removesuffix("_url")]["error"]
    assert (live.status_code, live.json()) == (200, {"status": "ok"})


async def test_a_schema_that_is_behind_is_said_and_refused(settings: Settings, behind: str) -> None:
    """With the command that cures it."""
    old = settings.model_copy(update={"database_url": SecretStr(behind)})
    async with front_http(old) as http:
        ready = await http.get("/health/ready")
        refused = await http.post(
            "/api/v1/jobs", json={"tenant_id": "t", "feature": "categorization", "payload": ITEM}
        )

    assert (ready.status_code, ready.json()["status"]) == (503, "error")
    assert "bin/migrate" in ready.json()["checks"]["database"]["error"]
    assert (refused.status_code, refused.json()["error"]) == (503, "schema_behind")
    assert "bin/migrate" in refused.json()["detail"]
    assert int(refused.headers["Retry-After"]) > 0


async def test_metrics_show_what_waits(
    http: httpx.AsyncClient, client: ServiceClient, settings: Settings
) -> None:
    """Depth and age from Postgres at the time of the scrape; submissions by outcome."""
    await client.submit("categorization", ITEM, idempotency_key="k")
    await client.submit("categorization", ITEM, idempotency_key="k")
    waiting = await _samples(http)
    async with worker_with(settings, dairy):
        await wait_until(lambda: _drained(http), "the queue was drained")

    assert waiting["ai_queue_depth items"] == 1
    assert waiting["ai_queue_depth receipts"] == 0
    assert waiting["ai_queue_oldest_job_age_seconds items"] > 0
    assert waiting["ai_jobs_submitted_total categorization queued items"] == 1
    assert waiting["ai_jobs_submitted_total categorization replayed items"] == 1
    assert waiting[f"ai_build_info {service_version()}"] == 1


async def test_without_a_database_gauges_are_absent(settings: Settings) -> None:
    """A false 0 would look like an empty queue."""
    broken = settings.model_copy(update={"database_url": nowhere("postgresql")})
    async with front_http(broken) as http:
        samples = await _samples(http)

    assert not [name for name in samples if name.startswith("ai_queue")]
    assert samples[f"ai_build_info {service_version()}"] == 1


async def _drained(http: httpx.AsyncClient) -> bool:
    return (await _samples(http))["ai_queue_depth items"] == 0


async def _samples(http: httpx.AsyncClient) -> dict[str, float]:
    """Values by name and labels, these in the order of their names."""
    text = (await http.get("/metrics")).text
    values = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = (value for _, value in sorted(sample.labels.items()))
            values[" ".join([sample.name, *labels])] = sample.value
    return values
