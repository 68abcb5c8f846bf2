"""Measures other queues: how many jobs their worker runs, and how soon it takes one."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

from arq import create_pool
from arq.connections import RedisSettings

from tests.bench.figures import NotMeasured
from tests.bench.running.processes import ask

Enqueue = Callable[[], Awaitable[object]]
# Jobs that are enqueued together.
_TOGETHER = 50
# The first jobs find a worker that is still starting.
_WARM_UP = 3
# The longest pause between two jobs when it is measured how soon a worker takes one, in seconds.
PAUSE = 0.4


@dataclass(frozen=True)
class Other:
    """Another queue: a library, and for arq how many seconds its worker sleeps between polls."""

    name: str
    library: str
    poll_delay: float | None = None

    async def jobs_per_second(self, redis_url: str, count: int) -> float:
        """Enqueue `count` jobs, and return how fast a worker runs them once it has begun."""
        order = self._order(redis_url, count)
        async with self._enqueue(order) as enqueue:
            for begin in range(0, count, _TOGETHER):
                await asyncio.gather(*(enqueue() for _ in range(min(_TOGETHER, count - begin))))
            found = await ask("tests.bench.anchors", order)
        return float((count - 1) / found["seconds"])

    async def pick_up(self, redis_url: str, count: int, seed: int) -> list[float]:
        """Enqueue jobs at random times; return for how many ms each waited for an idle worker."""
        order, rng = self._order(redis_url, count + _WARM_UP), random.Random(seed)
        async with self._enqueue(order) as enqueue:
            for _ in range(_WARM_UP):
                await enqueue()
            working = asyncio.create_task(ask("tests.bench.anchors", order))
            # Jobs that come while the worker starts would wait for that.
            await asyncio.sleep(1.5)
            for _ in range(count):
                await asyncio.sleep(rng.uniform(0, PAUSE))
                await enqueue()
            found = await working
        waited: list[float] = found["waited_ms"]
        return waited[_WARM_UP:]

    def _order(self, redis_url: str, count: int) -> dict[str, object]:
        return {
            "library": self.library,
            "poll_delay": self.poll_delay,
            "redis_url": redis_url,
            "queue": f"anchor-{uuid4().hex[:8]}",
            "count": count,
        }

    @asynccontextmanager
    async def _enqueue(self, order: dict[str, object]) -> AsyncIterator[Enqueue]:
        """Yield what enqueues one job."""
        url, name = str(order["redis_url"]), str(order["queue"])
        if self.library == "arq":
            pool = await create_pool(RedisSettings.from_dsn(url), default_queue_name=name)
            yield lambda: pool.enqueue_job("noop", sent=time.time())
            await pool.aclose()
            return
        try:
            from saq import Queue  # noqa: PLC0415 (its absence is an error of its own)
        except ImportError as error:
            raise NotMeasured("SAQ is not installed: run bin/setup.") from error
        queue = Queue.from_url(url, name=name)
        yield lambda: queue.enqueue("noop", sent=time.time())
        await queue.disconnect()


ARQ = Other("arq at its defaults", "arq")
QUICK_ARQ = Other("arq at 20 ms", "arq", 0.02)
SAQ = Other("SAQ", "saq")
