"""Workers of other queues, which run jobs that do nothing and note when."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import arq
from arq.connections import RedisSettings
from arq.worker import Worker as ArqWorker
from saq import Queue
from saq import Worker as SaqWorker

# Both run as many jobs at once by default.
_SLOTS = 10


@dataclass
class Noted:
    """When jobs ran, as Unix times, and how many milliseconds each had waited for that."""

    expected: int
    times: list[float] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    all_ran: asyncio.Event = field(default_factory=asyncio.Event)

    async def noop(self, _context: object, sent: float) -> None:
        """Note the time, as the work of one job."""
        now = time.time()
        self.times.append(now)
        self.waited.append((now - sent) * 1000)
        if len(self.times) == self.expected:
            self.all_ran.set()


@asynccontextmanager
async def _arq(order: dict[str, Any], noted: Noted) -> AsyncIterator[None]:
    options = {"poll_delay": order["poll_delay"]} if order.get("poll_delay") else {}
    # arq describes its functions as taking any arguments, which none of its users' functions do.
    noop: Any = noted.noop
    worker = ArqWorker(
        [arq.func(noop, name="noop")],
        queue_name=order["queue"],
        redis_settings=RedisSettings.from_dsn(order["redis_url"]),
        max_jobs=_SLOTS,
        handle_signals=False,
        **options,
    )
    running = asyncio.create_task(worker.async_run())
    try:
        yield
    finally:
        await asyncio.gather(*worker.tasks.values(), return_exceptions=True)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await worker.close()


@asynccontextmanager
async def _saq(order: dict[str, Any], noted: Noted) -> AsyncIterator[None]:
    queue = Queue.from_url(order["redis_url"], name=order["queue"])
    worker = SaqWorker(queue, [("noop", noted.noop)], concurrency=_SLOTS)
    running = asyncio.create_task(worker.start())
    try:
        yield
    finally:
        await worker.stop()
        await running
        await queue.disconnect()


_WORKERS: dict[str, Callable[[dict[str, Any], Noted], Any]] = {"arq": _arq, "saq": _saq}


async def work(order: dict[str, Any]) -> dict[str, Any]:
    """Run a worker of `library` on `queue` until it has run `count` jobs.

    Returns the seconds from the first job to the last, and the milliseconds that each waited.
    """
    noted = Noted(order["count"])
    async with _WORKERS[order["library"]](order, noted):
        await noted.all_ran.wait()
    return {"seconds": max(noted.times) - min(noted.times), "waited_ms": noted.waited}
