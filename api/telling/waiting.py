"""Waiting for jobs to end, and listening to what they do, without holding a database connection.

One Redis subscription per process receives what the workers announce and report, and a query once a
second finds what was lost. An announcement only prompts a query: the row decides.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from uuid import UUID

from api.telling.reading import JobReads
from api.telling.watch import Watch
from shared.contracts.events import EventId, StageEvent
from shared.contracts.jobs import JobView
from shared.errors import BrokerUnavailable, DatabaseUnavailable, Draining
from shared.process.background import repeating
from shared.process.gathering import Gathering
from shared.store.postgres.database import Database
from shared.store.states import JobState, read_states
from shared.wire.messenger import Messenger

_BACKSTOP_INTERVAL = 1.0  # seconds
_RECONNECT_DELAY = 0.5  # seconds
# What is announced within this many seconds after a query is read by one more query.
_TICK = 0.01


class Waiters:
    """The callers in this process that wait for the end of a job or listen to its events."""

    def __init__(self, database: Database, messenger: Messenger, reads: JobReads) -> None:
        self._database = database
        self._messenger = messenger
        self._reads = reads
        self._watches: defaultdict[UUID, set[Watch]] = defaultdict(set)
        # How many listeners each job has.
        self._listeners: defaultdict[UUID, int] = defaultdict(int)
        self._suspects: Gathering[UUID] = Gathering()
        self._unpublished: Gathering[UUID] = Gathering()
        self._dismissed = False
        self.listening = False

    async def announce(self, job_id: UUID) -> None:
        """Announce that a job changed in this front, to the callers who watch it in any front."""
        self._suspects.add(job_id)
        with suppress(BrokerUnavailable):
            await self._messenger.announce(job_id)

    def dismiss(self) -> None:
        """Raise Draining wherever a caller waits or listens, and in every future call."""
        self._dismissed = True
        for watches in list(self._watches.values()):
            for watch in list(watches):
                watch.dismiss()

    async def wait(self, job_id: UUID, within: float) -> JobView | None:
        """Return the job once it has ended, or None after `within` seconds. Raises Draining."""
        try:
            async with asyncio.timeout(within):
                with self._watching(job_id, Watch()) as watch:
                    while (news := await watch.next()) is not None:
                        if isinstance(news, JobState) and news.finished:
                            return await self._ended(news)
        except TimeoutError:
            return None
        return None

    @contextmanager
    def listen(self, job_id: UUID, since: EventId | None) -> Iterator[Watch]:
        """Have the workers report on the job during the block, and yield its news after `since`.

        Raises Draining.
        """
        with self._watching(job_id, Watch(since)) as watch:
            self._listeners[job_id] += 1
            self._unpublished.add(job_id)
            try:
                yield watch
            finally:
                self._listeners[job_id] -= 1
                if not self._listeners[job_id]:
                    del self._listeners[job_id]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Receive what is announced and reported, query, and wake, while the block runs."""
        async with (
            repeating("waiting.listener", self._receive, pause=_RECONNECT_DELAY),
            repeating("waiting.backstop", self._refresh, pause=_BACKSTOP_INTERVAL),
            repeating("waiting.reader", self._read, pause=_TICK),
            repeating("waiting.publisher", self._publish_listened, pause=_TICK),
        ):
            yield

    @contextmanager
    def _watching(self, job_id: UUID, watch: Watch) -> Iterator[Watch]:
        if self._dismissed:
            raise Draining
        self._watches[job_id].add(watch)
        # The job may have changed before its id was in `_watches`.
        self._suspects.add(job_id)
        try:
            yield watch
        finally:
            self._watches[job_id].discard(watch)
            if not self._watches[job_id]:
                del self._watches[job_id]

    async def _ended(self, state: JobState) -> JobView:
        """Read a job that has ended. While the database is away, try again every second."""
        while True:
            with suppress(DatabaseUnavailable):
                return await self._reads.view(state.event.job_id, state.tenant_id)
            await asyncio.sleep(_BACKSTOP_INTERVAL)

    async def _receive(self) -> None:
        """Receive announcements and stages until the subscription breaks."""
        try:
            async with self._messenger.news() as received:
                self.listening = True
                # Some may have been missed while there was no subscription.
                await self._refresh()
                async for news in received:
                    if isinstance(news, StageEvent):
                        self._pass_on(news)
                    else:
                        self._suspects.add(news)
        finally:
            self.listening = False

    async def _refresh(self) -> None:
        """Suspect that every watched job has changed, and remind the workers of the listeners."""
        self._suspects.add(*self._watches)
        self._unpublished.add(*self._listeners)

    async def _read(self) -> None:
        """Query all suspects at once. Those that are added meanwhile form the next batch."""
        batch = [job_id for job_id in await self._suspects.take() if job_id in self._watches]
        if not batch:
            return
        async with self._database.transaction() as session:
            states = await read_states(session, batch)
        for job_id in batch:
            for watch in self._watches.get(job_id, ()):
                watch.read(states.get(job_id))

    def _pass_on(self, stage: StageEvent) -> None:
        for watch in self._watches.get(stage.job_id, ()):
            if watch.report(stage):
                self._suspects.add(stage.job_id)

    async def _publish_listened(self) -> None:
        job_ids = await self._unpublished.take()
        # While Redis is away, listeners hear of changes by the backstop, and of no stages.
        with suppress(BrokerUnavailable):
            await self._messenger.publish_listened(job_ids)
