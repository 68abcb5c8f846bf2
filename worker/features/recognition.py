"""Recognition in children that can be killed: a hostile image, a timeout or a cancel ends a child,
never the worker.

One slot has one warm child (a pebble pool of one). Ending a read ends its child; the next read of
that slot gets a new one.
"""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager, contextmanager
from multiprocessing import resource_tracker
from tempfile import TemporaryDirectory
from typing import TypeVar

from pebble import ProcessExpired, ProcessPool

from shared.contracts.components import OcrEngineName
from shared.errors import RecognitionCrashed, ServiceError
from worker.features import recognition_child as child
from worker.pipeline.observation import Observation
from worker.pipeline.receipt import ReceiptReading
from worker.pipeline.stages import OnPage, Stage, StageRecorder, unwatched

T = TypeVar("T")


class RecognitionPool:
    """A fixed number of warm recognition children. Use from one event loop."""

    def __init__(self, *, slots: int, engine: OcrEngineName, memory: int, max_pixels: int) -> None:
        self._engine = engine
        self._memory = memory
        self._max_pixels = max_pixels
        self._scratch = TemporaryDirectory(prefix="grocery-planner-ai-")
        self._free: asyncio.LifoQueue[ProcessPool] = asyncio.LifoQueue()
        self._pools = {self._new_pool() for _ in range(slots)}

    async def start(self) -> tuple[str, str]:
        """Load the engine in every child; returns its name and version.

        Raises EngineUnavailable, and RecognitionCrashed when a child dies of it. Without an engine
        every `read` raises EngineUnavailable.
        """
        for pool in self._pools:
            self._free.put_nowait(pool)
        loaded = await asyncio.gather(*(self._warm(pool) for pool in self._pools))
        return loaded[0]

    async def read(
        self, content: bytes, recorder: StageRecorder, on_page: OnPage = unwatched
    ) -> ReceiptReading:
        """Read one receipt, after waiting for a free child; the stages go to `recorder`.

        `on_page` is called in the child, so it has to be picklable. Cancelling kills the child.

        Raises what `extract_receipt` raises, and RecognitionCrashed when the child dies.
        """
        outcome = await self._in_child(child.recognise, content, recorder, on_page)
        if isinstance(outcome, ServiceError):
            raise outcome
        return outcome

    async def observe(
        self, content: bytes, recorder: StageRecorder, on_page: OnPage = unwatched
    ) -> Observation:
        """As `read`, for people who look into it: what was seen comes back too, and what a receipt
        that cannot be read is refused for. Raises RecognitionCrashed, EngineUnavailable."""
        return await self._in_child(child.observe, content, recorder, on_page)

    async def close(self) -> None:
        """End every child and remove the temporary files that killed ones left."""
        await asyncio.gather(*(asyncio.to_thread(_stop, pool) for pool in self._pools))
        self._scratch.cleanup()

    async def _in_child(
        self,
        work: Callable[[OcrEngineName, bytes, int, OnPage], tuple[T, list[Stage]]],
        content: bytes,
        recorder: StageRecorder,
        on_page: OnPage,
    ) -> T:
        for _ in range(2):
            async with self._slot() as pool:
                try:
                    arguments = (self._engine, content, self._max_pixels, on_page)
                    with _without_ctrl_c():
                        running = pool.schedule(work, arguments)
                    outcome, stages = await asyncio.wrap_future(running)
                except ProcessExpired as error:
                    raise RecognitionCrashed from error
                except BrokenProcessPool:
                    # The child had died before it began with this image: try another, once.
                    continue
            recorder.stages.extend(stages)
            return outcome
        raise RecognitionCrashed

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[ProcessPool]:
        pool = await self._free.get()
        if not pool.active:
            # An idle child was killed: pebble gives such a pool up, so the slot gets another.
            self._pools.remove(pool)
            await asyncio.to_thread(_stop, pool)
            pool = self._new_pool()
            self._pools.add(pool)
        try:
            yield pool
        finally:
            self._free.put_nowait(pool)

    def _new_pool(self) -> ProcessPool:
        return ProcessPool(
            max_workers=1,
            context=multiprocessing.get_context("spawn"),
            initializer=child.start,
            initargs=(os.getpid(), self._engine, self._memory, self._scratch.name),
        )

    async def _warm(self, pool: ProcessPool) -> tuple[str, str]:
        try:
            with _without_ctrl_c():
                loading = pool.schedule(child.ready, args=(self._engine,))
            return await asyncio.wrap_future(loading)
        except (ProcessExpired, BrokenProcessPool) as error:
            raise RecognitionCrashed from error


@contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """Processes and threads that begin in the block never get SIGINT.

    A terminal sends it to children as well. They would end with a traceback, before they could
    ignore it themselves, while their parent is about to end them anyway.
    """
    # It unblocks the signal when it starts, so it has to run before.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _stop(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()
