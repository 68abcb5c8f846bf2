"""A worker's probes show whether it lives and whether it takes jobs."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import pytest
from pydantic import SecretStr

from shared.access.scopes import Scope
from shared.contracts.features import Feature
from shared.settings import Settings
from shared.store.postgres.database import Database
from shared.version import service_version
from tests.support.access.tokens import bearer, stored_token
from tests.support.fronts import nowhere
from tests.support.processes.running_system import System
from tests.support.runners import dairy, worker_with
from tests.support.waiting import wait_until
from worker.assembly import worker
from worker.features.runners import Run
from worker.telemetry.state import WorkerState


@pytest.fixture
def hasty(settings: Settings) -> Settings:
    """Settings of a worker whose loops count as stalled after one second."""
    return settings.model_copy(update={"heartbeat": 0.1, "lease": 0.4})


async def probe(url: str, path: str) -> httpx.Response:
    """Send GET to a path of the worker at `url`."""
    async with httpx.AsyncClient(base_url=url) as http:
        return await http.get(path)


async def test_probes_of_a_worker_that_serves(system: System) -> None:
    """The probes have the same paths and shapes as a front's."""
    health = await probe(system.worker_url, "/health")
    live = await probe(system.worker_url, "/health/live")
    ready = await probe(system.worker_url, "/health/ready")

    assert health.json() == {
        "status": "ok",
        "service": "grocery-planner-ai-worker",
        "version": service_version(),
    }
    assert (live.status_code, live.json()) == (200, {"status": "ok"})
    assert (ready.status_code, ready.json()["status"]) == (200, "ok")
    checks = ready.json()["checks"]
    assert {"database", "redis", "ocr", "classifier", "embedding_model"} <= checks.keys()
    assert checks["classifier"] == {"status": "ok", "model": "all-MiniLM-L6-v2"}


async def test_probes_of_a_worker_that_loads_serves_and_drains(settings: Settings) -> None:
    """The worker is alive all the time, and ready only while it serves."""
    loading, loaded = asyncio.Event(), asyncio.Event()
    states = []

    async def load(
        _settings: Settings, state: WorkerState, stack: AsyncExitStack
    ) -> Mapping[Feature, Run]:
        states.append(state)
        # The stack closes after the worker's jobs have ended and before its port does.
        stack.push_async_callback(look)
        loading.set()
        await loaded.wait()
        return dict.fromkeys(Feature, dairy)

    seen: list[tuple[int, int, str]] = []
    checks: list[dict[str, str]] = []

    async def look() -> None:
        live = await probe(states[0].url, "/health/live")
        ready = await probe(states[0].url, "/health/ready")
        seen.append((live.status_code, ready.status_code, ready.json()["status"]))
        checks.append({name: check["status"] for name, check in ready.json()["checks"].items()})

    async def run() -> None:
        async with worker(settings, load):
            await look()

    task = asyncio.create_task(run())
    await loading.wait()
    await look()
    loaded.set()
    await task

    assert seen == [(200, 503, "loading"), (200, 200, "ok"), (200, 503, "error")]
    components = ("ocr", "classifier", "embedding_model")
    assert [checks[0][component] for component in components] == ["loading"] * 3
    # This loader needs none of them, which counts as ready.
    assert [checks[1][component] for component in components] == ["not_loaded"] * 3
    assert checks[2]["draining"] == "error"


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready", "/metrics"])
async def test_a_worker_answers_head(settings: Settings, path: str) -> None:
    """HEAD gets the status and headers of GET, without the body."""
    async with worker_with(settings, dairy) as state, httpx.AsyncClient() as http:
        got = await http.get(state.url + path)
        head = await http.head(state.url + path)

    assert head.status_code == got.status_code == 200
    assert head.headers["content-type"] == got.headers["content-type"]
    assert head.content == b""
    assert got.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("task_name", "loop"), [("heartbeat", "heartbeat"), ("consumer", "poll of receipts")]
)
async def test_probe_of_a_worker_whose_loop_stalled(
    hasty: Settings, task_name: str, loop: str
) -> None:
    """A worker without heartbeats or polls does no work, and a restart helps."""
    async with worker_with(hasty, dairy) as state:
        before = await probe(state.url, "/health/live")

        async def missed() -> bool:
            # Repeated, since redis-py may lose a cancellation that arrives with an answer.
            for task in asyncio.all_tasks():
                if task.get_name() == task_name:
                    task.cancel()
            return loop in (await probe(state.url, "/health/live")).json().get("error", "")

        await wait_until(missed, f"the {loop} was missed")
        after = await probe(state.url, "/health/live")

    assert before.status_code == 200
    assert (after.status_code, after.json()["status"]) == (503, "error")


@pytest.mark.parametrize(
    ("setting", "scheme"), [("database_url", "postgresql"), ("redis_url", "redis")]
)
async def test_probes_without_a_dependency(hasty: Settings, setting: str, scheme: str) -> None:
    """The worker is not ready but stays alive, since a restart would not bring a server back."""
    broken = hasty.model_copy(update={setting: nowhere(scheme)})
    dependency = setting.removesuffix("_url")
    async with _starting(broken) as url:
        ready = await probe(url, "/health/ready")
        # Twice as long as it takes a loop to count as stalled.
        enough = time.monotonic() + 2 * 2 * (hasty.lease + hasty.heartbeat)
        lives = [await probe(url, "/health/live")]
        while time.monotonic() < enough:
            lives.append(await probe(url, "/health/live"))

    assert ready.status_code == 503
    assert ready.json()["checks"][dependency]["error"]
    assert {live.status_code for live in lives} == {200}


async def test_probe_of_a_schema_that_is_behind(settings: Settings, behind: str) -> None:
    """The error names the command to run."""
    old = settings.model_copy(update={"database_url": SecretStr(behind)})
    async with _starting(old) as url:
        ready = await probe(url, "/health/ready")

    assert ready.status_code == 503
    assert "bin/migrate" in ready.json()["checks"]["database"]["error"]


@asynccontextmanager
async def _starting(settings: Settings) -> AsyncIterator[str]:
    """Run a worker that may never become ready; yields the URL of its probes."""
    states: list[WorkerState] = []

    async def load(
        _settings: Settings, state: WorkerState, _stack: AsyncExitStack
    ) -> Mapping[Feature, Run]:
        states.append(state)
        return dict.fromkeys(Feature, dairy)

    async def run() -> None:
        async with worker(settings, load):
            await asyncio.Event().wait()

    task = asyncio.create_task(run())
    try:
        await wait_until(lambda: bool(states) or task.done(), "the worker loaded its features")
        yield states[0].url
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_metrics_need_a_token_where_callers_do(
    settings: Settings, database: Database
) -> None:
    """Probes do not, and in production they show states only."""
    token = await stored_token(database, scopes=[Scope.JOBS_READ])
    guarded = settings.model_copy(update={"environment": "production"})
    async with worker_with(guarded, dairy) as state:
        assert state.url
        async with httpx.AsyncClient(base_url=state.url) as http:
            refused = await http.get("/metrics")
            allowed = await http.get("/metrics", headers=bearer(token))
            ready = (await http.get("/health/ready")).json()

    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert refused.json()["error"] == "unauthenticated"
    assert allowed.status_code == 200
    assert "ai_worker_up 1.0" in allowed.text
    assert {tuple(check) for check in ready["checks"].values()} == {("status",)}


async def test_metrics_are_refused_to_web_pages_without_tokens(settings: Settings) -> None:
    """METRICS_OPEN allows even that."""
    for is_open, status in ((False, 403), (True, 200)):
        chosen = settings.model_copy(update={"metrics_open": is_open})
        async with worker_with(chosen, dairy) as state:
            assert state.url
            answer = await probe_with(state.url, {"Host": "evil.example"})
        assert answer.status_code == status


async def probe_with(url: str, headers: Mapping[str, str]) -> httpx.Response:
    """Ask the worker at `url` for its metrics with these headers."""
    async with httpx.AsyncClient(base_url=url) as http:
        return await http.get("/metrics", headers=headers)
