"""Recognises images in child processes: a hostile image, a timeout or a cancellation ends a child,
and never the worker.

Each slot has one warm child (a pebble pool of one). Cancelling a read kills its child, and the
next read in that slot gets a new one.
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

from shared.contracts.receipts.requests import NO_HINTS, ReadingHints
from shared.errors import RecognitionCrashed, ServiceError
from shared.pipeline_settings import PipelineSettings
from worker.features import recognition_child as child
from worker.features.child_reports import ChildReports
from worker.features.slot_memory import memory_of_a_slot, page_memory
from worker.pipeline.observation import Observation
from worker.pipeline.ocr.confined import PageLimits
from worker.pipeline.receipt import ReceiptReading
from worker.pipeline.stages import OnReport, Stage, StageRecorder

T = TypeVar("T")


class RecognitionPool:
    """A fixed number of warm recognition children, to be used from one event loop.

    `memory` is the limit of each child in bytes.
    """

    def __init__(
        self,
        *,
        slots: int,
        engine: child.EngineChoice,
        memory: int,
        limits: child.FileLimits,
    ) -> None:
        self._engine = engine
        self._memory = memory
        self._limits = limits
        self._scratch = TemporaryDirectory(prefix="grocery-planner-ai-")
        self._reports: ChildReports | None = None
        self._free: asyncio.LifoQueue[ProcessPool] = asyncio.LifoQueue()
        self._pools = {self._new_pool() for _ in range(slots)}

    @classmethod
    def from_settings(cls, settings: PipelineSettings, *, slots: int) -> "RecognitionPool":
        """Make a pool with the engine and the limits of the settings."""
        memory = settings.recognition_memory or memory_of_a_slot(slots)
        return cls(
            slots=slots,
            engine=child.EngineChoice(settings.ocr_engine, settings.ocr_precision),
            memory=memory,
            limits=child.FileLimits(
                settings.max_image_pixels,
                PageLimits(settings.page_cpu, page_memory(settings.page_memory, memory)),
            ),
        )

    async def start(self) -> tuple[str, str]:
        """Load the engine in every child; return its name and version.

        Raises EngineUnavailable, as every later `read` does then, and RecognitionCrashed if a
        child dies while it loads.
        """
        self._reports = ChildReports(self._scratch.name)
        for pool in self._pools:
            self._free.put_nowait(pool)
        loaded = await asyncio.gather(*(self._warm(pool) for pool in self._pools))
        return loaded[0]

    async def read(
        self, content: bytes, recorder: StageRecorder, hints: ReadingHints = NO_HINTS
    ) -> ReceiptReading:
        """Wait for a free child and read one receipt in it; the stages go to `recorder`.

        Cancelling kills the child.

        Raises what `extract_receipt` raises, and RecognitionCrashed if the child dies.
        """
        outcome = await self._in_child(child.recognise, content, recorder, hints)
        if isinstance(outcome, ServiceError):
            raise outcome
        return outcome

    async def observe(
        self, content: bytes, recorder: StageRecorder, hints: ReadingHints = NO_HINTS
    ) -> Observation:
        """Read one receipt like `read`, and return the evidence for people to look at as well.

        The error of a receipt that cannot be read is part of the result. Raises
        RecognitionCrashed, EngineUnavailable.
        """
        return await self._in_child(child.observe, content, recorder, hints)

    async def close(self) -> None:
        """End every child, and remove the temporary files that killed children left."""
        await asyncio.gather(*(asyncio.to_thread(_stop, pool) for pool in self._pools))
        if self._reports is not None:
            self._reports.close()
        self._scratch.cleanup()

    async def _in_child(
        self,
        work: Callable[
            [child.EngineChoice, bytes, child.FileLimits, OnReport, ReadingHints],
            tuple[T, list[Stage]],
        ],
        content: bytes,
        recorder: StageRecorder,
        hints: ReadingHints,
    ) -> T:
        if (reports := self._reports) is None:
            raise RuntimeError("the pool was not started")
        for _ in range(2):
            async with self._slot() as pool:
                try:
                    with reports.passing_on(recorder.on_report) as reporter:
                        arguments = (self._engine, content, self._limits, reporter, hints)
                        with _without_ctrl_c():
                            running = pool.schedule(work, arguments)
                        outcome, stages = await asyncio.wrap_future(running)
                except ProcessExpired as error:
                    raise RecognitionCrashed from error
                except BrokenProcessPool:
                    # The child died before it started on this image, so try another one, once.
                    continue
            recorder.stages.extend(stages)
            return outcome
        raise RecognitionCrashed

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[ProcessPool]:
        pool = await self._free.get()
        if not pool.active:
            # Pebble closes the pool of a child that was killed while idle.
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
    """Block SIGINT in processes and threads that start while the block runs.

    A terminal sends it to children as well. They would end with a traceback before they could
    ignore it, and their parent ends them anyway.
    """
    # The tracker unblocks the signal when it starts, so it has to be running already.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _stop(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()
