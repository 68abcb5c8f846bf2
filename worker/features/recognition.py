"""Recognition in children that can be killed: a hostile image, a timeout or a cancel ends a child,
never the worker.

One slot has one warm child (a pebble pool of one). Ending a read ends its child; the next read of
that slot gets a new one.
"""

import asyncio
import multiprocessing
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager
from tempfile import TemporaryDirectory
from typing import TypeVar

from pebble import ProcessExpired, ProcessPool

from shared.contracts.components import OcrEngineName
from shared.errors import RecognitionCrashed, ServiceError
from worker.features import recognition_child as child
from worker.pipeline.observation import Observation
from worker.pipeline.receipt import ReceiptReading
from worker.pipeline.stages import Stage, StageRecorder

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

    async def read(self, content: bytes, recorder: StageRecorder) -> ReceiptReading:
        """Read one receipt, after waiting for a free child; the stages go to `recorder`.
        Cancelling kills the child.

        Raises what `extract_receipt` raises, and RecognitionCrashed when the child dies.
        """
        outcome = await self._in_child(child.recognise, content, recorder)
        if isinstance(outcome, ServiceError):
            raise outcome
        return outcome

    async def observe(self, content: bytes, recorder: StageRecorder) -> Observation:
        """As `read`, for people who look into it: what was seen comes back too, and what a receipt
        that cannot be read is refused for. Raises RecognitionCrashed, EngineUnavailable."""
        return await self._in_child(child.observe, content, recorder)

    async def close(self) -> None:
        """End every child and remove the temporary files that killed ones left."""
        await asyncio.gather(*(asyncio.to_thread(_stop, pool) for pool in self._pools))
        self._scratch.cleanup()

    async def _in_child(
        self,
        work: Callable[[OcrEngineName, bytes, int], tuple[T, list[Stage]]],
        content: bytes,
        recorder: StageRecorder,
    ) -> T:
        for _ in range(2):
            async with self._slot() as pool:
                try:
                    running = pool.schedule(work, (self._engine, content, self._max_pixels))
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
            return await asyncio.wrap_future(pool.schedule(child.ready, args=(self._engine,)))
        except (ProcessExpired, BrokenProcessPool) as error:
            raise RecognitionCrashed from error


def _stop(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()
