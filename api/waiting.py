"""Waiting for jobs to end, without holding a database connection meanwhile.

One Redis subscription per process receives the announcements, and a query once a second finds jobs
whose announcement was lost. An announcement only prompts a query: the row decides.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from uuid import UUID

from api.admission import Admission
from api.job_views import view_jobs
from shared.contracts.features import Queue
from shared.contracts.jobs import JobView
from shared.errors import BrokerUnavailable, Draining, NoWorker, Unavailable
from shared.process.background import repeating
from shared.store.jobs import JobRepository
from shared.store.postgres.database import Database
from shared.wire.messenger import Messenger

_BACKSTOP_INTERVAL = 1.0  # seconds
_WORKERS_INTERVAL = 1.0  # seconds
_RECONNECT_DELAY = 0.5  # seconds


class Waiters:
    """The callers in this process that wait for a job."""

    def __init__(self, database: Database, messenger: Messenger, admission: Admission) -> None:
        self._database = database
        self._messenger = messenger
        self._admission = admission
        self._waiting: defaultdict[UUID, set[asyncio.Future[JobView]]] = defaultdict(set)
        # The callers who give up if no worker serves the queue of their job any more.
        self._needing: defaultdict[Queue, set[asyncio.Future[JobView]]] = defaultdict(set)
        self._suspects: set[UUID] = set()
        self._check_now = asyncio.Event()
        self._dismissed = False
        self.listening = False

    async def announce(self, job_id: UUID) -> None:
        """Announce that a job ended in this front, to the callers who wait for it in any front."""
        self._suspect(job_id)
        with suppress(BrokerUnavailable):
            await self._messenger.announce(job_id)

    def dismiss(self) -> None:
        """Raise Draining in every current and future call of `wait`."""
        self._dismissed = True
        for futures in self._waiting.values():
            _raise_in(futures, Draining)

    async def wait(
        self, job_id: UUID, within: float, *, needs: Queue | None = None
    ) -> JobView | None:
        """Return the job once it has ended, or None after `within` seconds.

        Raises Draining. With `needs`, raises NoWorker within about a second after no worker has
        served that queue for 15 seconds.
        """
        if self._dismissed:
            raise Draining
        future: asyncio.Future[JobView] = asyncio.get_running_loop().create_future()
        self._waiting[job_id].add(future)
        if needs:
            self._needing[needs].add(future)
        # The job may have ended before its id was in `_waiting`.
        self._suspect(job_id)
        try:
            return await asyncio.wait_for(future, within)
        except TimeoutError:
            return None
        finally:
            if needs:
                self._needing[needs].discard(future)
            self._waiting[job_id].discard(future)
            if not self._waiting[job_id]:
                del self._waiting[job_id]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen for announcements, and query and wake, while the block runs."""
        async with (
            repeating("waiting.listener", self._listen, pause=_RECONNECT_DELAY),
            repeating("waiting.backstop", self._suspect_all, pause=_BACKSTOP_INTERVAL),
            repeating("waiting.reader", self._check, pause=0),
            repeating("waiting.workers", self._dismiss_unserved, pause=_WORKERS_INTERVAL),
        ):
            yield

    async def _listen(self) -> None:
        """Receive announcements until the subscription breaks."""
        try:
            async with self._messenger.announcements() as finished:
                self.listening = True
                # Announcements were missed while there was no subscription.
                await self._suspect_all()
                async for job_id in finished:
                    self._suspect(job_id)
        finally:
            self.listening = False

    async def _suspect_all(self) -> None:
        self._suspect(*self._waiting)

    async def _dismiss_unserved(self) -> None:
        """Raise NoWorker in the callers who need a worker of a queue that has none."""
        for queue, futures in list(self._needing.items()):
            if futures:
                try:
                    await self._admission.require_worker(queue)
                except NoWorker:
                    _raise_in(futures, NoWorker)

    async def _check(self) -> None:
        """Query all suspects at once. Those that are added meanwhile form the next batch."""
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


def _raise_in(futures: Iterable[asyncio.Future[JobView]], error: type[Unavailable]) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(error())
