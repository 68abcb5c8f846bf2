"""Runs workers inside the test process, with runners that need no model."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from shared.contracts.categories import Category
from shared.contracts.features import Feature
from shared.settings import Settings
from worker.assembly import worker
from worker.features.runners import Product, Run, Work
from worker.telemetry.state import WorkerState

LABELS = ["Dairy", "Produce"]
ITEM = {"item_name": "Milk", "candidate_labels": LABELS}


async def dairy(_work: Work) -> Product:
    """Answer that everything is dairy, without a model."""
    category = Category(
        category="Dairy",
        confidence=1.0,
        confidence_level="high",
        all_scores={"Dairy": 1.0, "Produce": 0.0},
        processing_time_ms=0.0,
    )
    return Product(output=category, model_id="scripted", model_version="1")


@asynccontextmanager
async def worker_with(settings: Settings, run: Run) -> AsyncIterator[WorkerState]:
    """Run a worker inside the test that does every job with `run`."""

    async def load(
        _settings: Settings, _state: WorkerState, _stack: AsyncExitStack
    ) -> Mapping[Feature, Run]:
        return dict.fromkeys(Feature, run)

    async with worker(settings, load) as state:
        yield state


def lasting(seconds: float) -> Run:
    """Return a runner that takes so long to answer that everything is dairy."""

    async def run(work: Work) -> Product:
        await asyncio.sleep(seconds)
        return await dairy(work)

    return run


def raising(error: Exception) -> Run:
    """Return a runner that raises `error`."""

    async def run(_work: Work) -> Product:
        raise error

    return run


class Gate:
    """A runner that sets `begun` when it starts, and waits for `opened`."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.opened = asyncio.Event()
        self.runs = 0
        self.stopped = False

    async def __call__(self, work: Work) -> Product:
        self.runs += 1
        self.begun.set()
        try:
            await self.opened.wait()
        except asyncio.CancelledError:
            self.stopped = True
            raise
        return await dairy(work)
