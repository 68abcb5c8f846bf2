"""Admission of new work to the queues, and whether anybody does it, by numbers of Postgres."""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import Context
from typing import Any

from api.backpressure.queue_limits import Excess, queue_limits, retry_after
from api.serving import Serving
from shared.contracts.features import Queue
from shared.contracts.service.queues import QueueView
from shared.errors import NoWorker, QueueFull
from shared.process.background import repeating
from shared.settings import Settings
from shared.store.figures.pace import Pace, read_pace
from shared.store.postgres.database import Database
from shared.store.queue_stats import QueueStats, queue_stats

# Seconds. Numbers that are asked for are read again before they are too old, so that callers who
# come often never wait for a reading.
_MAX_AGE, _RENEWED_AFTER = 1.0, 0.5
# As often as workers send heartbeats, so that an idle front also notices that Postgres was away.
_OBSERVED_EVERY = 5.0  # seconds
# So many are kept of the tenants that were refused.
_MOST_PACES = 1_000


class Admission:
    """Refuses new jobs for a full queue, and waiting calls for a queue without workers."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        *,
        max_age: float = _MAX_AGE,
        renewed_after: float = _RENEWED_AFTER,
    ) -> None:
        """Use numbers for `max_age` seconds; who asks after `renewed_after` has them renewed."""
        self._database = database
        self._limits = queue_limits(settings)
        self._watched = {queue: limit.watched for queue, limit in self._limits.items()}
        self._max_age, self._renewed_after = max_age, renewed_after
        self._serving = Serving()
        self._reading: asyncio.Task[dict[Queue, QueueStats]] | None = None
        self._read_at = -math.inf
        # The last numbers, and when their reading began.
        self._known: dict[Queue, QueueStats] = {}
        self._known_at = -math.inf
        # The pace of a queue, or of one tenant in it, and when it was read.
        self._paces: dict[tuple[Queue, str | None], tuple[float, Pace]] = {}
        # Only one caller reads a pace at a time, and those after it use what it found.
        self._pacing: dict[tuple[Queue, str | None], asyncio.Lock] = {}

    @asynccontextmanager
    async def running(self, every: float = _OBSERVED_EVERY) -> AsyncIterator[None]:
        """Read the numbers every few seconds during the block, to know of failures and workers."""

        async def observe() -> None:
            await asyncio.sleep(every)
            await self.stats()

        async with repeating("admission.observer", observe, pause=0):
            yield
        if self._reading is not None:
            # The database is about to be closed.
            await asyncio.wait([self._reading])

    async def check(self, queue: Queue, tenant_id: str) -> None:
        """Raise QueueFull if the queue takes no more jobs of a tenant.

        Raises DatabaseUnavailable.
        """
        stats = (await self.stats())[queue]
        if excess := self._limits[queue].excess(stats, tenant_id):
            raise await self.refusal(queue, excess)

    async def room(self, queue: Queue, tenant_id: str) -> int:
        """Return how many more jobs of a tenant the queue takes. Raises DatabaseUnavailable."""
        limit, stats = self._limits[queue], (await self.stats())[queue]
        return 0 if limit.excess(stats, tenant_id) else limit.room(stats, tenant_id)

    async def gate(self, queue: Queue, tenant_id: str, since: float) -> int | Excess:
        """Return the ceiling up to which a queue admits jobs of a tenant, or why it admits none.

        `refusal` makes an error of the latter, which may take another look at the database.

        The numbers were read at `since` (of `time.monotonic`) or later. Raises DatabaseUnavailable.
        """
        known = await self.stats()
        if self._known_at < since:
            known = await self._stats_since(since)
        limit, stats = self._limits[queue], known[queue]
        if excess := limit.excess(stats, tenant_id):
            return excess
        return limit.ceiling(stats, tenant_id)

    async def refusal(self, queue: Queue, excess: Excess) -> QueueFull:
        """Return the error of a job that the queue does not take. Raises DatabaseUnavailable."""
        async with self._pacing.setdefault((queue, excess.tenant), asyncio.Lock()):
            pace = await self._pace(queue, excess)
        stats = (await self.stats())[queue]
        return QueueFull(excess.detail, retry_after=retry_after(excess, stats, pace))

    async def _pace(self, queue: Queue, excess: Excess) -> Pace:
        """Return the pace at which the jobs go that are too many, at most a second old."""
        now = time.monotonic()
        read_at, pace = self._paces.get((queue, excess.tenant), (-math.inf, Pace(0, 0, None)))
        if read_at < now - self._max_age:
            pace = await read_pace(self._database, queue, excess.age, excess.tenant)
            if len(self._paces) >= _MOST_PACES:
                self._paces.clear()
                self._pacing.clear()
            self._paces[queue, excess.tenant] = now, pace
        return pace

    async def require_worker(self, queue: Queue) -> None:
        """Raise NoWorker if no worker has served the queue for 15 s. Raises DatabaseUnavailable.

        A worker that has just come is not missed, although the numbers are kept for a second. After
        the numbers could not be read, workers have 15 s to renew their rows.
        """
        called_at = time.monotonic()
        if not self._serving.unserved(queue, (await self.stats())[queue]):
            return
        if self._serving.unserved(queue, (await self._stats_since(called_at))[queue]):
            raise NoWorker

    async def stats(self) -> dict[Queue, QueueStats]:
        """Return the numbers of every queue, at most a second old. Raises DatabaseUnavailable."""
        now = time.monotonic()
        if self._known_at < now - self._max_age:
            return await self._stats_since(now - self._max_age)
        if self._known_at < now - self._renewed_after and self._read_at == self._known_at:
            self._begin_reading()
        return self._known

    async def _stats_since(self, earliest: float) -> dict[Queue, QueueStats]:
        """Return numbers that were read at `earliest` (of `time.monotonic`) or later.

        Callers share a reading, so that none of them waits for the failures of the others first.
        """
        reading = self._reading
        if reading is None or self._read_at < earliest or _has_failed(reading):
            reading = self._begin_reading()
        return await asyncio.shield(reading)

    def _begin_reading(self) -> asyncio.Task[dict[Queue, QueueStats]]:
        self._read_at = time.monotonic()
        # It is for many requests, and so belongs to the trace of none.
        self._reading = asyncio.create_task(
            self._read(self._read_at), name="admission.reading", context=Context()
        )
        # All callers may have left by the time it fails, which would be logged as an oversight.
        self._reading.add_done_callback(_has_failed)
        return self._reading

    async def _read(self, begun: float) -> dict[Queue, QueueStats]:
        try:
            stats = await queue_stats(self._database.fetch, self._watched)
        except Exception:
            self._serving.note_failure()
            raise
        if begun < self._known_at:
            # One that began later was faster.
            return self._known
        self._serving.note(stats)
        self._known, self._known_at = stats, begun
        return stats

    async def views(self) -> list[QueueView]:
        """Return every queue as callers and operators see it. Raises DatabaseUnavailable."""
        return [
            QueueView(
                queue=queue,
                depth=stats.depth,
                scheduled=stats.scheduled,
                running=stats.running,
                oldest_age=round(stats.oldest_age, 3),
                workers=stats.workers,
                slots=stats.slots,
                finished_per_minute=stats.finished,
                estimated_wait=stats.estimated_wait,
                accepting=not self._limits[queue].full(stats),
                paused=stats.paused,
            )
            for queue, stats in (await self.stats()).items()
        ]

    async def renew(self) -> None:
        """Read the numbers again, since something has changed. Raises DatabaseUnavailable."""
        await self._stats_since(time.monotonic())


def _has_failed(reading: asyncio.Task[Any]) -> bool:
    return reading.done() and (reading.cancelled() or reading.exception() is not None)
