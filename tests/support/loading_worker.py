"""Runs a worker inside the test process that loads its engines for as long as the test likes."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from shared.contracts.features import Feature, Queue
from shared.contracts.service.components import ComponentReport
from shared.settings import Settings
from tests.support.runners import dairy
from worker.assembly import worker
from worker.features.runners import Run
from worker.telemetry.state import WorkerState

BOTH = tuple(Queue)


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
