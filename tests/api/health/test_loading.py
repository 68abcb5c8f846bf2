"""Probes of a front while its workers load their engines."""

import asyncio
from typing import Any

import httpx
import pytest

from shared.contracts.features import Queue
from shared.settings import Settings
from tests.support.loading_worker import BOTH, loading_worker
from tests.support.runners import dairy, worker_with
from tests.support.waiting import wait_until
from worker.assembly import worker

RECEIPTS, ITEMS = (Queue.RECEIPTS,), (Queue.ITEMS,)


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
        check = (await composite(http))[2]["workers"]

    assert check.get("error") == ("No worker serves receipts." if status == "degraded" else None)


async def test_a_draining_worker_does_not_count(
    http: httpx.AsyncClient, settings: Settings
) -> None:
    """A draining worker is alive but takes no more jobs, so the queue needs another one."""
    async with loading_worker(settings) as started:
        started.loaded.set()
        await asyncio.wait_for(started.ready.wait(), 20)
        await wait_until(lambda: _is_ok(http), "the loaded worker was seen")
        started.stop.set()
        await asyncio.wait_for(started.draining.wait(), 20)
        await wait_until(lambda: _serves(http, []), "the worker reported that it drains")
        code, status, service = await composite(http)

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


async def _is_ok(http: httpx.AsyncClient) -> bool:
    return (await composite(http))[:2] == (200, "ok")


async def _alive(http: httpx.AsyncClient, count: int = 1) -> bool:
    return bool((await composite(http))[2]["workers"]["alive"] == count)


async def _serves(http: httpx.AsyncClient, queues: list[str]) -> bool:
    return bool((await composite(http))[2]["workers"]["queues"] == queues)
