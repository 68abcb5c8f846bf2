"""Works on bulk operations in the background of a front, one chunk after the other."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog

from api.admission import Admission
from api.draining import Drain
from api.metrics.front import FrontMetrics
from api.submission.publishing import Publications
from api.telling.cancelled import announce_cancelled
from api.telling.waiting import Waiters
from shared.contracts.features import Queue
from shared.contracts.jobs import JobStatus
from shared.process.background import repeating
from shared.store.bulk.chunks import Chunk, any_due, work
from shared.store.models import Job
from shared.store.postgres.database import Database
from shared.wire.messenger import Messenger

log = structlog.get_logger(__name__)

# Seconds between two looks for operations that another front began, or that have to wait.
_INTERVAL = 2.0


class BulkRunner:
    """Does what is due. A front that drains begins no further chunk."""

    def __init__(
        self,
        database: Database,
        messenger: Messenger,
        admission: Admission,
        draining: Drain,
        waiters: Waiters,
        metrics: FrontMetrics,
    ) -> None:
        self._database = database
        self._publications = Publications(database, messenger)
        self._admission = admission
        self._draining = draining
        self._waiters = waiters
        self._metrics = metrics
        self._begun = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work in the background during the block."""
        async with repeating("bulk", self._step, pause=0, pause_after_failure=_INTERVAL):
            yield
        await self._publications.close()

    def wake(self) -> None:
        """Look at once, since an operation has begun."""
        self._begun.set()

    async def _step(self) -> None:
        self._begun.clear()
        if await any_due(self._database):
            while not self._draining.begun:
                chunk = await work(self._database, self._room)
                if chunk is None:
                    break
                await self._announce(chunk)
        try:
            await asyncio.wait_for(self._begun.wait(), _INTERVAL)
        except TimeoutError:
            return

    async def _room(self, jobs: Sequence[Job]) -> int:
        """Return how many of the jobs, from the first on, the queues take now."""
        await self._admission.renew()
        asked: Counter[tuple[Queue, str]] = Counter()
        for taken, job in enumerate(jobs):
            place = Queue(job.queue), job.tenant_id
            asked[place] += 1
            queued = sum(count for (queue, _), count in asked.items() if queue is place[0])
            if max(asked[place], queued) > await self._admission.room(*place):
                return taken
        return len(jobs)

    async def _announce(self, chunk: Chunk) -> None:
        """Send the messages of what was queued again, and let those know who wait for the rest."""
        if chunk.revived:
            await self._publications.publish_all_again(chunk.revived)
        for job_id, cancelling in chunk.cancelled:
            if cancelling.state is JobStatus.CANCELLED:
                await announce_cancelled(self._waiters, self._metrics, job_id, cancelling)
        log.info(
            "bulk.chunk",
            revived=len(chunk.revived),
            cancelled=len(chunk.cancelled),
            refusals=dict(chunk.refusals),
        )
