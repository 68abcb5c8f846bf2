"""Probes of a front while its workers load their engines."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import pytest

from shared.contracts.components import ComponentReport
from shared.contracts.features import Feature, Queue
from shared.settings import Settings
from tests.support.runners import dairy, worker_with
from tests.support.waiting import wait_until
from worker.assembly import worker
from worker.features.runners import Run
from worker.telemetry.state import WorkerState

BOTH = tuple(Queue)
RECEIPTS, ITEMS = (Queue.RECEIPTS,), (Queue.ITEMS,)


class LoadingWorker:
    """A worker that loads its engines until `loaded` is set, and drains until `drained` is."""

    def __init__(self) -> None:
        self.loading, self.loaded = asyncio.Event(), asyncio.Event()
        self.ready, self.stop = asyncio.Event(), asyncio.Event()
        self.draining, self.drained = asyncio.Event(), asyncio.Event()

    async def run(self, settings: Settings) -> None:
        """Run the worker until `stop` is set."""
        async with worker(settings, self._load):
            self.ready.set()
            await self.stop.wait()

    async def _load(
        self, _settings: Settings, state: WorkerState, stack: AsyncExitStack
    ) -> Mapping[Feature, Run]:
        stack.push_async_callback(self._drain)
        self.loading.set()
        await self.loaded.wait()
        for name, report in state.components.items():
            if report.status == "loading":
                state.components[name] = ComponentReport(status="ok", model="any")
        return dict.fromkeys(Feature, dairy)

    async def _drain(self) -> None:
        self.draining.set()
        await self.drained.wait()


@asynccontextmanager
async def loading_worker(
    settings: Settings, queues: tuple[Queue, ...] = BOTH
) -> AsyncIterator[LoadingWorker]:
    """Run a LoadingWorker, and yield it as soon as it loads its engines."""
    ours = settings.model_copy(update={"worker_queues": queues, "heartbeat": 0.1, "lease": 5})
    started = LoadingWorker()
    task = asyncio.create_task(started.run(ours))
    try:
        await asyncio.wait_for(started.loading.wait(), 20)
        yield started
    finally:
        started.drained.set()
        task.cancel()
        await asyncio.wait([task])


async def composite(http: httpx.AsyncClient) -> tuple[int, str, dict[str, Any]]:
    """Ask `/health_check`; return the status code, the status and the check of the AI service."""
    answer = await http.get("/health_check")
    body = answer.json()
    return answer.status_code, body["status"], body["services"]["ai_service"]


async def test_a_front_is_loading_until_the_engines_are(
    http: httpx.AsyncClient, settings: Settings
) -> None:
    """`/health_check` is 503, but readiness stays 200, since jobs are accepted meanwhile."""
    async with loading_worker(settings) as started:
        await wait_until(lambda: _alive(http), "the worker reported")
        ready = await http.get("/health/ready")
        code, status, service = await composite(http)
        started.loaded.set()
        await asyncio.wait_for(started.ready.wait(), 20)
        later = await composite(http)
        ready_later = await http.get("/health/ready")

    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    assert ready.json()["checks"]["workers"]["status"] == "loading"
    assert (code, status, service["status"]) == (503, "loading", "loading")
    loading = {name: check["status"] for name, check in service["engines"].items()}
    assert loading["ocr"] == loading["classifier"] == loading["embedding_model"] == "loading"
    assert later[:2] == (200, "ok")
    assert later[2]["engines"]["ocr"]["status"] == "ok"
    assert (ready_later.status_code, ready_later.json()["status"]) == (200, "ok")


async def test_an_engine_that_no_worker_needs_is_not_waited_for(
    http: httpx.AsyncClient, settings: Settings
) -> None:
    """A worker whose features need no engines is ready at once."""
    async with worker_with(settings, dairy):
        code, status, service = await composite(http)

    assert (code, status) == (200, "ok")
    assert service["engines"]["ocr"]["status"] == "not_loaded"


@pytest.mark.parametrize(
    ("serves", "loads", "code", "status"),
    [
        pytest.param(BOTH, BOTH, 200, "ok", id="a worker is replaced by a second one"),
        pytest.param(ITEMS, RECEIPTS, 503, "loading", id="receipts wait for their engines"),
        pytest.param(RECEIPTS, ITEMS, 503, "loading", id="items wait for theirs"),
        pytest.param(ITEMS, ITEMS, 503, "degraded", id="nobody will ever read receipts"),
    ],
)
async def test_every_queue_needs_a_worker_with_its_engines(
    http: httpx.AsyncClient,
    settings: Settings,
    serves: tuple[Queue, ...],
    loads: tuple[Queue, ...],
    code: int,
    status: str,
) -> None:
    """One ready worker for each queue is enough."""
    async with (
        loading_worker(settings, serves) as first,
        loading_worker(settings, loads),
    ):
        first.loaded.set()
        await asyncio.wait_for(first.ready.wait(), 20)
        await wait_until(lambda: _alive(http, 2), "both workers reported")
        assert (await composite(http))[:2] == (code, status)


async def test_a_draining_worker_does_not_count(
    http: httpx.AsyncClient, settings: Settings
) -> None:
    """A draining worker is alive but takes no more jobs, so the queue needs another one."""
    async with loading_worker(settings) as started:
        started.loaded.set()
        await asyncio.wait_for(started.ready.wait(), 20)
        before = await composite(http)
        started.stop.set()
        await asyncio.wait_for(started.draining.wait(), 20)
        await wait_until(lambda: _serves(http, []), "the worker reported that it drains")
        code, status, service = await composite(http)

    assert before[:2] == (200, "ok")
    assert (code, status, service["workers"]["alive"]) == (503, "degraded", 1)


async def test_a_missing_engine_is_reported_despite_a_worker_that_does_not_need_it(
    http: httpx.AsyncClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Receipts wait, although the worker for items is fine."""
    monkeypatch.setenv("PATH", "/nowhere")
    update = {"worker_queues": RECEIPTS, "ocr_engine": "tesseract", "receipt_slots": 1}
    items = settings.model_copy(update={"worker_queues": ITEMS})
    async with worker_with(items, dairy), worker(settings.model_copy(update=update)):
        code, status, service = await composite(http)

    assert (code, status) == (503, "degraded")
    assert service["engines"]["ocr"]["status"] == "unavailable"


async def _alive(http: httpx.AsyncClient, count: int = 1) -> bool:
    return bool((await composite(http))[2]["workers"]["alive"] == count)


async def _serves(http: httpx.AsyncClient, queues: list[str]) -> bool:
    return bool((await composite(http))[2]["workers"]["queues"] == queues)
