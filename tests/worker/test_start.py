"""What a starting worker reports while its models load, and when one cannot be loaded."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.contracts.features import Feature, Queue
from shared.errors import EngineUnavailable
from shared.local.checkout import ROOT
from shared.settings import Settings
from tests.support.processes.failed_start import failed_start
from tests.support.waiting import wait_until
from worker.assembly import worker
from worker.features.components import load_features
from worker.features.item_models import ItemModels
from worker.features.runners import Run
from worker.pipeline.meaning.configured_models import Models
from worker.telemetry.state import WorkerState


async def test_a_worker_reports_its_components_while_they_load(
    settings: Settings, http: httpx.AsyncClient
) -> None:
    """The front shows a live worker whose components are loading, and later are loaded."""
    items_only = settings.model_copy(update={"worker_queues": (Queue.ITEMS,), "heartbeat": 0.1})
    loading = asyncio.Event()

    async def load(
        settings: Settings, state: WorkerState, stack: AsyncExitStack
    ) -> Mapping[Feature, Run]:
        await loading.wait()
        return await load_features(settings, state, stack)

    async def start() -> None:
        async with worker(items_only, load):
            await asyncio.Event().wait()

    task = asyncio.create_task(start())
    try:
        await wait_until(lambda: _alive(http), "the worker reported")
        before = await _checks(http)
        loading.set()
        await wait_until(lambda: _loaded(http), "the models were loaded", within=30)
        after = await _checks(http)
    finally:
        task.cancel()
        await asyncio.wait([task])

    assert before["classifier"] == {"status": "loading", "model": None}
    assert before["embedding_model"] == {"status": "loading", "model": None}
    assert before["ocr"] == {"status": "not_loaded", "model": None}
    assert after["classifier"] == {"status": "ok", "model": "all-MiniLM-L6-v2"}
    assert after["embedding_model"] == {"status": "available", "model": "all-MiniLM-L6-v2"}


async def test_models_load_beside_the_event_loop() -> None:
    """A blocked event loop would keep the worker from sending heartbeats."""
    loop_ran = threading.Event()

    def load() -> Models:
        if not loop_ran.wait(timeout=20):
            raise TimeoutError("the event loop was blocked")
        raise EngineUnavailable("there is none")

    asyncio.get_running_loop().call_soon(loop_ran.set)
    models = ItemModels(load)
    with pytest.raises(EngineUnavailable):
        await models.start()
    await models.close()


@pytest.mark.slow
def test_the_default_engines_leave_the_ml_extra_alone() -> None:
    """The extra costs seconds and hundreds of megabytes, so only those who choose it pay."""
    program = (
        "import sys, worker.main\n"
        "from worker.pipeline.meaning.configured_models import load_models\n"
        "load_models('embedding', 'unused', 'all-MiniLM-L6-v2').classifier.score(['a'], ['b'])\n"
        "print(sorted({'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("chosen", "reason"),
    [
        (
            {"CLASSIFIER": "zero-shot"},
            "CLASSIFIER=zero-shot needs the ml extra: run bin/setup --ml",
        ),
        (
            {"EMBEDDING_MODEL": "some/model"},
            "EMBEDDING_MODEL=some/model needs the ml extra: run bin/setup --ml",
        ),
    ],
)
async def test_without_the_ml_extra_its_engines_stop_the_start(
    settings: Settings,
    http: httpx.AsyncClient,
    tmp_path: Path,
    chosen: dict[str, str],
    reason: str,
) -> None:
    """One line says what to do, the exit code is 1, and the worker no longer counts as alive."""
    # This module is found before an installed torch, so the extra always seems to be missing.
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError(name='torch')")
    lines = await failed_start("worker", settings, {"PYTHONPATH": str(tmp_path), **chosen})

    (line,) = (line for line in lines if line["level"] != "info")
    assert (line["message"], line["level"]) == ("worker.stopped", "error")
    assert (line["error"], line["reason"]) == ("engine_unavailable", reason)
    assert (await _checks(http))["workers"]["alive"] == 0


async def _checks(http: httpx.AsyncClient) -> dict[str, Any]:
    checks: dict[str, Any] = (await http.get("/health/ready")).json()["checks"]
    return checks


async def _alive(http: httpx.AsyncClient) -> bool:
    alive: int = (await _checks(http))["workers"]["alive"]
    return alive == 1


async def _loaded(http: httpx.AsyncClient) -> bool:
    return bool((await _checks(http))["classifier"]["status"] == "ok")
