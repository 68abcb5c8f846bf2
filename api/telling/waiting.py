"""Waiting for jobs to end, and listening to what they do, without holding a database connection.

One Redis subscription per process receives what the workers announce and report, and a query once a
second finds what was lost. An announcement only prompts a query: the row decides.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TypeVar
from uuid import UUID

from api.admission import Admission
from api.job_views import read_views
from api.telling.reading import STATES_AT_ONCE, VIEWS_AT_ONCE
from api.telling.watch import Watch
from shared.contracts.events import EventId, StageEvent
from shared.contracts.features import Queue
from shared.contracts.jobs import JobView
from shared.errors import BrokerUnavailable, Bug, Draining, NoWorker, ServiceError
from shared.process.background import repeating
from shared.process.gathering import Gathering
from shared.store.postgres.database import Database
from shared.store.states import JobState, read_states
from shared.wire.messenger import Messenger

_BACKSTOP_INTERVAL = 1.0  # seconds
_WORKERS_INTERVAL = 1.0  # seconds
_RECONNECT_DELAY = 0.5  # seconds
# What is announced within this many seconds after a query of states is read by one more query.
_TICK = 0.01

T = TypeVar("T")


class Waiters:
    """The callers in this process that wait for the end of a job or listen to its events."""

    def __init__(self, database: Database, messenger: Messenger, admission: Admission) -> None:
        self._database = database
        self._messenger = messenger
        self._admission = admission
        self._waiting: defaultdict[UUID, set[asyncio.Future[JobView]]] = defaultdict(set)
        # The callers who give up if no worker serves the queue of their job any more.
        self._needing: defaultdict[Queue, set[asyncio.Future[JobView]]] = defaultdict(set)
        self._watches: defaultdict[UUID, set[Watch]] = defaultdict(set)
        # The jobs whose state may have changed, and those that have ended while somebody waits.
        self._suspects: Gathering[UUID] = Gathering()
        self._ended: Gathering[UUID] = Gathering()
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
        for futures in list(self._waiting.values()):
            _raise_in(list(futures), Draining)
        for watches in list(self._watches.values()):
            for watch in list(watches):
                watch.fail(Draining())

    async def wait(
        self, job_id: UUID, within: float, *, needs: Queue | None = None
    ) -> JobView | None:
        """Return the job once it has ended, or None after `within` seconds.

        Raises Draining, and Bug if this version cannot read the row. With `needs`, raises NoWorker
        within about a second after no worker has served that queue for 15 seconds.
        """
        future: asyncio.Future[JobView] = asyncio.get_running_loop().create_future()
        with self._among(self._waiting, job_id, future):
            if needs:
                self._needing[needs].add(future)
            try:
                return await asyncio.wait_for(future, within)
            except TimeoutError:
                return None
            finally:
                if needs:
                    self._needing[needs].discard(future)

    @contextmanager
    def listen(self, job_id: UUID, since: EventId | None) -> Iterator[Watch]:
        """Have the workers report on the job during the block, and yield its news after `since`.

        Raises Draining.
        """
        watch = Watch(since)
        with self._among(self._watches, job_id, watch):
            self._unpublished.add(job_id)
            yield watch

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Receive what is announced and reported, query, and wake, while the block runs."""
        async with (
            repeating("waiting.listener", self._receive, pause=_RECONNECT_DELAY),
            repeating("waiting.backstop", self._refresh, pause=_BACKSTOP_INTERVAL),
            repeating("waiting.reader", self._read_states, pause=_TICK),
            repeating("waiting.results", self._read_results, pause=0),
            repeating("waiting.publisher", self._publish_listened, pause=_TICK),
            repeating("waiting.workers", self._dismiss_unserved, pause=_WORKERS_INTERVAL),
        ):
            yield

    @contextmanager
    def _among(self, callers: defaultdict[UUID, set[T]], job_id: UUID, caller: T) -> Iterator[None]:
        if self._dismissed:
            raise Draining
        callers[job_id].add(caller)
        # The job may have changed before its id was among them.
        self._suspects.add(job_id)
        try:
            yield
        finally:
            callers[job_id].discard(caller)
            if not callers[job_id]:
                del callers[job_id]

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
        """Suspect that every job has changed, and remind the workers of the listeners."""
        self._suspects.add(*self._waiting, *self._watches)
        self._unpublished.add(*self._watches)

    async def _dismiss_unserved(self) -> None:
        """Raise NoWorker in the callers who need a worker of a queue that has none."""
        for queue, futures in list(self._needing.items()):
            if futures:
                try:
                    await self._admission.require_worker(queue)
                except NoWorker:
                    _raise_in(futures, NoWorker)

    async def _read_states(self) -> None:
        """Query many suspects at once. Those that are added meanwhile come next.

        If a query fails, its suspects are suspected again within a second, after the others.
        """
        suspects = await self._suspects.take(STATES_AT_ONCE)
        batch = [job_id for job_id in suspects if self._concerns_somebody(job_id)]
        if not batch:
            return
        async with self._database.transaction() as session:
            states = await read_states(session, batch)
        for job_id in batch:
            self._hand_out(job_id, states.get(job_id))

    def _concerns_somebody(self, job_id: UUID) -> bool:
        return job_id in self._waiting or job_id in self._watches

    def _hand_out(self, job_id: UUID, state: JobState | Bug | None) -> None:
        if isinstance(state, Bug):
            _raise_in(self._waiting.get(job_id, ()), Bug)
            for watch in self._watches.get(job_id, ()):
                watch.fail(Bug())
            return
        if state is not None and state.finished and job_id in self._waiting:
            self._ended.add(job_id)
        for watch in self._watches.get(job_id, ()):
            watch.read(state)

    async def _read_results(self) -> None:
        """Query some of the jobs that have ended, and return them to those who wait for them."""
        ended = await self._ended.take(VIEWS_AT_ONCE)
        batch = [job_id for job_id in ended if job_id in self._waiting]
        if not batch:
            return
        async with self._database.transaction() as session:
            views = await read_views(session, batch)
        for job_id, view in views.items():
            if isinstance(view, Bug):
                _raise_in(self._waiting.get(job_id, ()), Bug)
            # A job that was retried by hand between the two queries has not ended any more.
            elif view.status.finished:
                _return_from(self._waiting.get(job_id, ()), view)

    def _pass_on(self, stage: StageEvent) -> None:
        for watch in self._watches.get(stage.job_id, ()):
            if watch.report(stage):
                self._suspects.add(stage.job_id)

    async def _publish_listened(self) -> None:
        job_ids = await self._unpublished.take()
        # While Redis is away, listeners hear of changes by the backstop, and of no stages.
        with suppress(BrokerUnavailable):
            await self._messenger.publish_listened(job_ids)


def _raise_in(futures: Iterable[asyncio.Future[JobView]], error: type[ServiceError]) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(error())


def _return_from(futures: Iterable[asyncio.Future[JobView]], view: JobView) -> None:
    for future in futures:
        if not future.done():
            future.set_result(view)
