"""Numbers of jobs that are not counted again within seconds."""

import asyncio
import math
import time
from collections.abc import Mapping

from shared.contracts.jobs import JobStatus
from shared.store.postgres.database import Database
from shared.store.search.counting import count_jobs
from shared.store.search.ordered import Search

# Seconds for which a count is shown, and how many are kept.
_MAX_AGE = 5.0
_MOST = 200

Counts = Mapping[JobStatus, int] | None


class JobCounts:
    """The counts of the searches that visitors made last."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._known: dict[str, tuple[float, Counts]] = {}
        # Only one visitor has jobs counted at a time, and those after it see what it found.
        self._counting = asyncio.Lock()

    async def of(self, database: Database, search: Search) -> Counts:
        """Return what `count_jobs` does, at most five seconds old."""
        conditions = search.conditions.model_copy(update={"status": None})
        tenants = None if search.tenants is None else sorted(search.tenants)
        key = f"{conditions.model_dump_json()} {tenants}"
        async with self._counting:
            now = time.monotonic()
            counted_at, counts = self._known.get(key, (-math.inf, None))
            if now - counted_at >= _MAX_AGE:
                counts = await count_jobs(database, search)
                if len(self._known) >= _MOST:
                    self._known.clear()
                self._known[key] = now, counts
            return counts
