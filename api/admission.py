"""Whether a queue takes more work, and how its state is told: numbers are at most a second old."""

import asyncio
import math
import time
from dataclasses import dataclass

from shared.contracts.features import Queue
from shared.contracts.queues import QueueView
from shared.errors import QueueFull
from shared.settings import Settings
from shared.store.database import Database
from shared.store.queue_stats import QueueStats, queue_stats

_FRESH = 1.0
# A caller who is sent away returns when this part of the limit is free again.
_ROOM = 0.1
_LONGEST_RETRY = 300
# When nothing has been done for a minute, nobody knows; seconds.
_RETRY_UNKNOWN = 30


@dataclass(frozen=True)
class Limit:
    """Of one queue: jobs that wait, seconds that the oldest has waited."""

    depth: int
    age: float

    def exceeded(self, stats: QueueStats) -> bool:
        """Whether a queue is past either."""
        return stats.depth >= self.depth or stats.oldest_age >= self.age


class Admission:
    """Refuses what would wait too long."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._limits = {
            Queue.RECEIPTS: Limit(settings.receipts_queue_limit, settings.receipts_age_limit),
            Queue.ITEMS: Limit(settings.items_queue_limit, settings.items_age_limit),
        }
        self._stats: dict[Queue, QueueStats] = {}
        self._read_at = -math.inf
        self._reading = asyncio.Lock()

    async def check(self, queue: Queue) -> None:
        """Raises QueueFull, DatabaseUnavailable."""
        stats = (await self.stats())[queue]
        if self._limits[queue].exceeded(stats):
            raise QueueFull(retry_after=_retry_after(stats, self._limits[queue]))

    async def stats(self) -> dict[Queue, QueueStats]:
        """Of every queue, at most a second old."""
        async with self._reading:
            if time.monotonic() - self._read_at > _FRESH:
                async with self._database.transaction() as session:
                    self._stats = await queue_stats(session)
                self._read_at = time.monotonic()
            return self._stats

    async def views(self) -> list[QueueView]:
        """For callers and operators."""
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
            )
            for queue, stats in (await self.stats()).items()
        ]


def _retry_after(stats: QueueStats, limit: Limit) -> int:
    """Seconds until there is room again, at the pace of the last minute."""
    if not stats.finished:
        return _RETRY_UNKNOWN
    surplus = max(stats.depth - limit.depth * (1 - _ROOM), 1)
    if stats.oldest_age >= limit.age:
        surplus = max(surplus, stats.depth)
    return min(math.ceil(surplus / stats.finished * 60), _LONGEST_RETRY)
