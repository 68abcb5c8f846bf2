"""Callers that wait for a job hold no connection while they do.

One Redis subscription per process wakes them; a look into the database once a second finds those
whose announcement got lost. Whatever woke them, it is the row that they believe.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

from api.job_views import view_jobs
from shared.background import repeating
from shared.contracts.jobs import JobView
from shared.errors import BrokerUnavailable, Draining
from shared.store.database import Database
from shared.store.jobs import JobRepository
from shared.wire.messenger import Messenger

_BACKSTOP_INTERVAL = 1.0
_RECONNECT_DELAY = 0.5


class Waiters:
    """Who waits for which job, in this process."""

    def __init__(self, database: Database, messenger: Messenger) -> None:
        self._database = database
        self._messenger = messenger
        self._waiting: defaultdict[UUID, set[asyncio.Future[JobView]]] = defaultdict(set)
        self._suspects: set[UUID] = set()
        self._check_now = asyncio.Event()
        self._dismissed = False
        self.listening = False

    async def tell(self, job_id: UUID) -> None:
        """A job has ended here: wake those who wait for it, in every front."""
        self._suspect(job_id)
        with suppress(BrokerUnavailable):
            await self._messenger.announce(job_id)

    def dismiss(self) -> None:
        """Send everybody away, now and from now on: this front is stopping."""
        self._dismissed = True
        for futures in self._waiting.values():
            for future in futures:
                if not future.done():
                    future.set_exception(Draining())

    async def wait(self, job_id: UUID, within: float) -> JobView | None:
        """The job once it has ended, or None when it has not `within` seconds. Raises Draining."""
        if self._dismissed:
            raise Draining
        future: asyncio.Future[JobView] = asyncio.get_running_loop().create_future()
        self._waiting[job_id].add(future)
        # It may have ended before we began to listen.
        self._suspect(job_id)
        try:
            return await asyncio.wait_for(future, within)
        except TimeoutError:
            return None
        finally:
            self._waiting[job_id].discard(future)
            if not self._waiting[job_id]:
                del self._waiting[job_id]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen, look and wake for the length of the block."""
        async with (
            repeating("waiting.listener", self._listen, pause=_RECONNECT_DELAY),
            repeating("waiting.backstop", self._suspect_all, pause=_BACKSTOP_INTERVAL),
            repeating("waiting.reader", self._check, pause=0),
        ):
            yield

    async def _listen(self) -> None:
        """Hear announcements for as long as the subscription lives."""
        try:
            async with self._messenger.announcements() as finished:
                self.listening = True
                # Whatever was announced before is made up for.
                await self._suspect_all()
                async for job_id in finished:
                    self._suspect(job_id)
        finally:
            self.listening = False

    async def _suspect_all(self) -> None:
        self._suspect(*self._waiting)

    async def _check(self) -> None:
        """Read all suspects at once; those that come up meanwhile make the next batch."""
        await self._check_now.wait()
        self._check_now.clear()
        batch, self._suspects = list(self._suspects & self._waiting.keys()), set()
        if not batch:
            return
        async with self._database.transaction() as session:
            jobs = await JobRepository(session).find_finished(batch)
            finished = await view_jobs(session, jobs)
        for job in finished:
            self._wake(job)

    def _suspect(self, *job_ids: UUID) -> None:
        if job_ids:
            self._suspects.update(job_ids)
            self._check_now.set()

    def _wake(self, job: JobView) -> None:
        for future in self._waiting.get(job.id, ()):
            if not future.done():
                future.set_result(job)
