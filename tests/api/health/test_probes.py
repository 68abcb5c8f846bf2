"""Probes: whether a front is alive and ready, and what is missing."""

import httpx
import pytest
from pydantic import SecretStr

from shared.client import AsyncServiceClient
from shared.contracts.features import Queue
from shared.contracts.jobs import JobStatus
from shared.settings import Settings
from shared.version import service_version
from tests.support.fronts import front_http, front_server, nowhere
from tests.support.processes.running_system import System
from tests.support.runners import ITEM, dairy, worker_with
from tests.support.waiting import wait_until
from worker.assembly import worker
from worker.pipeline.ocr.engines.tesseract import is_installed


async def test_a_front_says_who_it_is(http: httpx.AsyncClient) -> None:
    """`/health` has the name and version of the service."""
    assert (await http.get("/health")).json() == {
        "status": "ok",
        "service": "grocery-planner-ai",
        "version": service_version(),
    }


@pytest.mark.parametrize(
    "path", ["/health", "/health/live", "/health/ready", "/health_check", "/metrics"]
)
async def test_a_front_answers_head(settings: Settings, path: str) -> None:
    """The answer has the status and headers of GET, without its body."""
    async with front_server(settings) as url, httpx.AsyncClient(base_url=url) as http:
        got = await http.get(path)
        head = await http.head(path)

    assert head.status_code == got.status_code == (503 if path == "/health_check" else 200)
    assert head.headers["content-type"] == got.headers["content-type"]
    assert int(head.headers["content-length"]) > 0
    assert head.content == b""


async def test_with_a_worker_everything_is_ready(system: System) -> None:
    """Every check is fine, and those of components name their model."""
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


async def test_a_missing_engine_is_named(
    http: httpx.AsyncClient,
    settings: Settings,
    client: AsyncServiceClient,
    monkeypatch: pytest.MonkeyPatch,
    receipt_png: bytes,
) -> None:
    """Jobs that need the engine wait and say why; the worker continues to serve items."""
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
    """Readiness is degraded but 200, so that load balancers keep the front."""
    answer = await http.get("/health/ready")

    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["checks"]["workers"] == {
        "status": "error",
        "error": "No worker is alive; jobs wait for one.",
        "alive": 0,
        "queues": [],
    }


async def test_a_queue_that_the_installation_does_not_use_needs_no_worker(
    settings: Settings,
) -> None:
    """A front expects workers of its WORKER_QUEUES, by default of both queues."""
    receipts = settings.model_copy(update={"worker_queues": (Queue.RECEIPTS,)})
    async with (
        worker_with(receipts, dairy),
        front_http(receipts) as of_receipts,
        front_http(settings) as of_both,
    ):
        ready = await of_receipts.get("/health/ready")
        check = await of_receipts.get("/health_check")
        lacking = await of_both.get("/health_check")

    seen = {"alive": 1, "queues": ["receipts"]}
    assert (ready.status_code, ready.json()["status"]) == (200, "ok")
    assert ready.json()["checks"]["workers"] == {"status": "ok", **seen}
    assert (check.status_code, check.json()["status"]) == (200, "ok")
    assert (lacking.status_code, lacking.json()["status"]) == (503, "degraded")
    assert lacking.json()["services"]["ai_service"]["workers"] == {
        "status": "degraded",
        "error": "No worker serves items.",
        **seen,
    }


async def test_a_worker_that_left_is_not_counted(
    http: httpx.AsyncClient, settings: Settings
) -> None:
    """A worker counts from when it is ready until it has left."""

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
    """Only without Postgres is no work accepted. The process is alive in either case."""
    scheme = "postgresql" if missing == "database_url" else "redis"
    broken = settings.model_copy(update={missing: nowhere(scheme)})
    async with front_http(broken) as http:
        ready = await http.get("/health/ready")
        live = await http.get("/health/live")

    assert (ready.status_code, ready.json()["status"]) == (status, overall)
    assert ready.json()["checks"][missing.removesuffix("_url")]["error"]
    assert (live.status_code, live.json()) == (200, {"status": "ok"})


async def test_a_schema_that_is_behind_is_reported(settings: Settings, behind: str) -> None:
    """Work is refused, and readiness and the refusal name the command that migrates."""
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


async def test_the_health_check_groups_the_checks_by_service(system: System) -> None:
    """The three services are the database, the AI service and the queue."""
    async with httpx.AsyncClient(base_url=system.url) as http:
        answer = await http.get("/health_check")

    body = answer.json()
    assert (answer.status_code, body["status"], body["version"]) == (200, "ok", service_version())
    assert set(body) == {"status", "services", "version"}
    services = body["services"]
    assert set(services) == {"database", "ai_service", "queue"}
    assert services["database"] == {"status": "ok"}
    assert services["ai_service"]["status"] == "ok"
    assert services["ai_service"]["workers"]["alive"] == 1
    assert services["ai_service"]["engines"]["classifier"]["model"] == "all-MiniLM-L6-v2"
    assert services["queue"]["status"] == "ok"
    assert set(services["queue"]["waiting"]) == {"receipts", "items"}


async def test_the_health_check_counts_waiting_jobs(
    http: httpx.AsyncClient, client: AsyncServiceClient
) -> None:
    """The answer is 503 if anything is missing, such as the worker here."""
    await client.submit("categorization", ITEM)

    async def counted() -> bool:
        """Return whether the job is counted yet: numbers are up to a second old."""
        services = (await http.get("/health_check")).json()["services"]
        return bool(services["queue"]["waiting"]["items"]["depth"])

    await wait_until(counted, "the job was counted")
    answer = await http.get("/health_check")

    assert (answer.status_code, answer.json()["status"]) == (503, "degraded")
    services = answer.json()["services"]
    assert services["ai_service"]["status"] == "error"
    assert services["ai_service"]["workers"]["alive"] == 0
    assert services["queue"]["status"] == "ok"
    assert services["queue"]["waiting"]["items"]["depth"] == 1
    assert services["queue"]["waiting"]["receipts"] == {"depth": 0, "oldest_age": 0.0}


@pytest.mark.parametrize(
    ("missing", "overall", "each"),
    [
        ("database_url", "error", {"database": "error", "ai_service": "error", "queue": "error"}),
        (
            "redis_url",
            "degraded",
            {"database": "ok", "ai_service": "error", "queue": "degraded"},
        ),
    ],
)
async def test_the_health_check_says_which_service_is_affected(
    settings: Settings, missing: str, overall: str, each: dict[str, str]
) -> None:
    """Postgres affects all three services. Without Redis, work is accepted and waits.

    The AI service has no workers here.
    """
    scheme = "postgresql" if missing == "database_url" else "redis"
    broken = settings.model_copy(update={missing: nowhere(scheme)})
    async with front_http(broken) as http:
        answer = await http.get("/health_check")

    services = answer.json()["services"]
    assert (answer.status_code, answer.json()["status"]) == (503, overall)
    assert {name: service["status"] for name, service in services.items()} == each
    assert ("waiting" in services["queue"]) == (missing == "redis_url")
