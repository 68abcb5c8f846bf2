"""Admission of new work to the queues, and whether anybody does it, by numbers of Postgres."""

import asyncio
import math
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import Context
from dataclasses import dataclass
from typing import Any

from api.serving import Serving
from shared.contracts.features import Queue
from shared.contracts.service.queues import QueueView
from shared.errors import NoWorker, QueueFull
from shared.process.background import repeating
from shared.settings import Settings
from shared.store.postgres.database import Database
from shared.store.queue_stats import QueueStats, queue_stats

# Seconds. Numbers that are asked for are read again before they are too old, so that callers who
# come often never wait for a reading.
_MAX_AGE, _RENEWED_AFTER = 1.0, 0.5
# As often as workers send heartbeats, so that an idle front also notices that Postgres was away.
_OBSERVED_EVERY = 5.0  # seconds
# A refused caller is asked to return when this fraction of the limit is free again.
_FREE_FRACTION = 0.1
_MAX_RETRY_AFTER = 300  # seconds
# Used when no job finished in the last minute, so that there is no pace to estimate from; seconds.
_DEFAULT_RETRY_AFTER = 30


@dataclass(frozen=True)
class Limit:
    """The limits of one queue: `depth` in waiting jobs, `age` of the oldest one in seconds."""

    depth: int
    age: float

    def exceeded(self, stats: QueueStats) -> bool:
        """Return whether a queue has reached either limit."""
        return stats.depth >= self.depth or stats.oldest_age >= self.age


class Admission:
    """Refuses new jobs for a full queue, and waiting calls for a queue without workers."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._limits = {
            Queue.RECEIPTS: Limit(settings.receipts_queue_limit, settings.receipts_age_limit),
            Queue.ITEMS: Limit(settings.items_queue_limit, settings.items_age_limit),
        }
        self._serving = Serving()
        self._reading: asyncio.Task[dict[Queue, QueueStats]] | None = None
        self._read_at = -math.inf
        # The last numbers, and when their reading began.
        self._known: dict[Queue, QueueStats] = {}
        self._known_at = -math.inf
        # How many readings have begun. Jobs that were admitted are kept under what this was then,
        # until the numbers of a later reading have them.
        self._readings = 0
        self._reserved: dict[int, Counter[Queue]] = {}

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

    async def check(self, queue: Queue) -> None:
        """Raise QueueFull if the queue takes no more jobs. Raises DatabaseUnavailable."""
        if await self._room(queue, 1) < 1:
            raise await self.refusal(queue)

    async def reserve(self, queue: Queue, count: int) -> int:
        """Reserve room for up to `count` new jobs, and return for how many there is room.

        Raises DatabaseUnavailable.
        """
        reserved = max(0, min(await self._room(queue, count), count))
        self._reserved.setdefault(self._readings, Counter())[queue] += reserved
        return reserved

    def release(self, queue: Queue, count: int) -> None:
        """Give back room that was reserved and not needed; it is among the last that was."""
        for admitted in reversed(self._reserved.values()):
            given = min(admitted[queue], count)
            admitted[queue] -= given
            count -= given

    async def refusal(self, queue: Queue) -> QueueFull:
        """Return the error for a job for which there is no room. Raises DatabaseUnavailable."""
        stats = (await self.stats())[queue]
        return QueueFull(retry_after=_retry_after(stats, self._limits[queue]))

    async def _room(self, queue: Queue, count: int) -> int:
        """Return for how many jobs there is room, by new numbers if that is less than `count`."""
        room = self._left(queue, (await self.stats())[queue])
        if room < count and self._admitted(queue):
            # Jobs that were admitted since the last reading may have run meanwhile.
            room = self._left(queue, (await self._stats_since(time.monotonic()))[queue])
        return room

    def _left(self, queue: Queue, stats: QueueStats) -> int:
        limit = self._limits[queue]
        return 0 if limit.exceeded(stats) else limit.depth - stats.depth - self._admitted(queue)

    def _admitted(self, queue: Queue) -> int:
        """Return how many jobs were admitted that the numbers do not have yet."""
        return sum(admitted[queue] for admitted in self._reserved.values())

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
        if self._known_at < now - _MAX_AGE:
            return await self._stats_since(now - _MAX_AGE)
        if self._known_at < now - _RENEWED_AFTER and self._read_at == self._known_at:
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
        self._readings += 1
        # It is for many requests, and so belongs to the trace of none.
        self._reading = asyncio.create_task(
            self._read(self._readings, self._read_at), name="admission.reading", context=Context()
        )
        # All callers may have left by the time it fails, which would be logged as an oversight.
        self._reading.add_done_callback(_has_failed)
        return self._reading

    async def _read(self, number: int, begun: float) -> dict[Queue, QueueStats]:
        try:
            stats = await queue_stats(self._database)
        except Exception:
            self._serving.note_failure()
            raise
        if begun < self._known_at:
            # One that began later was faster.
            return self._known
        self._serving.note(stats)
        self._known, self._known_at = stats, begun
        # The numbers have the other jobs now, but for those that are just being inserted.
        self._reserved = {
            when: admitted for when, admitted in self._reserved.items() if when >= number
        }
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
                accepting=not self._limits[queue].exceeded(stats),
                paused=stats.paused,
            )
            for queue, stats in (await self.stats()).items()
        ]

    async def renew(self) -> None:
        """Read the numbers again, since something has changed. Raises DatabaseUnavailable."""
        await self._stats_since(time.monotonic())


def _has_failed(reading: asyncio.Task[Any]) -> bool:
    return reading.done() and (reading.cancelled() or reading.exception() is not None)


def _retry_after(stats: QueueStats, limit: Limit) -> int:
    """Estimate, at the pace of the last minute, in how many seconds there is room again."""
    if not stats.finished:
        return _DEFAULT_RETRY_AFTER
    surplus = max(stats.depth - limit.depth * (1 - _FREE_FRACTION), 1)
    if stats.oldest_age >= limit.age:
        surplus = max(surplus, stats.depth)
    return min(math.ceil(surplus / stats.finished * 60), _MAX_RETRY_AFTER)
