"""Waiting for jobs to end, and listening to what they do, without holding a database connection.

One Redis subscription per process receives what the workers announce and report, and a query once a
second finds what was lost. An announcement only prompts a query: the row decides.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from typing import TypeVar
from uuid import UUID

from api.admission import Admission
from api.telling.expectation import Expectation
from api.telling.reading import JOBS_AT_ONCE, STATES_AT_ONCE
from api.telling.watch import Watch
from shared.contracts.events import EventId, StageEvent
from shared.contracts.features import Queue
from shared.errors import BrokerUnavailable, Bug, Draining, NoWorker, ServiceError
from shared.process.background import repeating
from shared.process.gathering import Gathering
from shared.store.hot.reading import JobRow, read_jobs
from shared.store.postgres.database import Database
from shared.store.states import JobState, read_states
from shared.wire.messenger import Messenger

_BACKSTOP_INTERVAL = 1.0  # seconds
_WORKERS_INTERVAL = 1.0  # seconds
_RECONNECT_DELAY = 0.5  # seconds

K = TypeVar("K")
T = TypeVar("T")


class Waiters:
    """The callers in this process that wait for the end of a job or listen to its events."""

    def __init__(self, database: Database, messenger: Messenger, admission: Admission) -> None:
        self._database = database
        self._messenger = messenger
        self._admission = admission
        self._waiting: defaultdict[UUID, set[Expectation]] = defaultdict(set)
        # The callers who give up if no worker serves the queue of their job any more.
        self._needing: defaultdict[Queue, set[Expectation]] = defaultdict(set)
        self._watches: defaultdict[UUID, set[Watch]] = defaultdict(set)
        # The jobs whose state may have changed, and those that have probably ended while somebody
        # waits for it.
        self._suspects: Gathering[UUID] = Gathering()
        self._ended: Gathering[UUID] = Gathering()
        self._unpublished: Gathering[UUID] = Gathering()
        self._dismissed = False
        self.listening = False

    async def announce(self, job_id: UUID) -> None:
        """Announce that a job changed in this front, to the callers who watch it in any front."""
        self._hear_of(job_id)
        with suppress(BrokerUnavailable):
            await self._messenger.announce(job_id)

    def dismiss(self) -> None:
        """Raise Draining wherever a caller waits or listens, and in every future call."""
        self._dismissed = True
        for expecting in self._waiting.values():
            _raise_in(expecting, Draining)
        for watches in list(self._watches.values()):
            for watch in list(watches):
                watch.fail(Draining())

    @contextmanager
    def expect(self, job_id: UUID, *, needs: Queue | None = None) -> Iterator[Expectation]:
        """Notice the end of a job from now on, during the block, whatever the caller does first.

        Nothing looks at once whether the job has ended already. The caller looks after this call,
        or makes it before the message of the job is published. With `needs`, the caller gets
        NoWorker within about a second after no worker has served that queue for 15 seconds.
        """
        expectation = Expectation()
        if self._dismissed:
            expectation.fail(Draining())
        with ExitStack() as registered:
            registered.enter_context(_among(self._waiting, job_id, expectation))
            if needs is not None:
                registered.enter_context(_among(self._needing, needs, expectation))
            yield expectation

    async def wait(
        self, job_id: UUID, within: float, *, needs: Queue | None = None
    ) -> JobRow | None:
        """Return the job once it has ended, or None after `within` seconds.

        It may have ended already. Raises what `Expectation.ended` raises.
        """
        with self.expect(job_id, needs=needs) as expectation:
            self._ended.add(job_id)
            return await expectation.ended(within)

    @contextmanager
    def listen(self, job_id: UUID, since: EventId | None) -> Iterator[Watch]:
        """Have the workers report on the job during the block, and yield its news after `since`.

        Raises Draining.
        """
        if self._dismissed:
            raise Draining
        watch = Watch(since)
        with _among(self._watches, job_id, watch):
            # The job may have changed before its id was among them.
            self._suspects.add(job_id)
            self._unpublished.add(job_id)
            yield watch

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Receive what is announced and reported, query, and wake, while the block runs."""
        async with (
            repeating("waiting.listener", self._receive, pause=_RECONNECT_DELAY),
            repeating("waiting.backstop", self._refresh, pause=_BACKSTOP_INTERVAL),
            repeating("waiting.states", self._read_states, pause=0),
            repeating("waiting.jobs", self._read_ended, pause=0),
            repeating("waiting.publisher", self._publish_listened, pause=0),
            repeating("waiting.workers", self._dismiss_unserved, pause=_WORKERS_INTERVAL),
        ):
            yield

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
                        self._hear_of(news)
        finally:
            self.listening = False

    def _hear_of(self, job_id: UUID) -> None:
        """Have a job queried that has changed, if it concerns somebody.

        Whoever waits is best served by a query for everything, since most changes are endings.
        """
        if job_id in self._waiting:
            self._ended.add(job_id)
        elif job_id in self._watches:
            self._suspects.add(job_id)

    async def _refresh(self) -> None:
        """Suspect that every job has changed, and remind the workers of the listeners."""
        self._suspects.add(*self._waiting, *self._watches)
        self._unpublished.add(*self._watches)

    async def _dismiss_unserved(self) -> None:
        """Raise NoWorker in the callers who need a worker of a queue that has none."""
        for queue in list(self._needing):
            try:
                await self._admission.require_worker(queue)
            except NoWorker:
                _raise_in(self._needing.get(queue, ()), NoWorker)

    async def _read_states(self) -> None:
        """Query many suspects at once. Those that are added meanwhile come next.

        If a query fails, its suspects are suspected again within a second, after the others.
        """
        suspects = await self._suspects.take(STATES_AT_ONCE)
        batch = [id_ for id_ in suspects if id_ in self._waiting or id_ in self._watches]
        if not batch:
            return
        states = await read_states(self._database, batch)
        for job_id in batch:
            state = states.get(job_id)
            self._pass_on_state(job_id, state)
            if isinstance(state, Bug):
                _raise_in(self._waiting.get(job_id, ()), Bug)
            elif state is not None and state.finished and job_id in self._waiting:
                self._ended.add(job_id)

    async def _read_ended(self) -> None:
        """Query some of the jobs that may have ended, and return those to whoever waits for them.

        If a query fails, its jobs are suspected again within a second.
        """
        ended = await self._ended.take(JOBS_AT_ONCE)
        batch = [job_id for job_id in ended if job_id in self._waiting]
        if not batch:
            return
        jobs = await read_jobs(self._database, batch)
        for job_id in batch:
            self._pass_on_job(job_id, jobs.get(job_id))

    def _pass_on_job(self, job_id: UUID, job: JobRow | Bug | None) -> None:
        if job_id in self._watches:
            self._pass_on_state(job_id, job.state if isinstance(job, JobRow) else job)
        for expectation in self._waiting.get(job_id, ()):
            if isinstance(job, Bug):
                expectation.fail(Bug())
            elif job is not None and job.finished:
                expectation.succeed(job)

    def _pass_on_state(self, job_id: UUID, state: JobState | Bug | None) -> None:
        for watch in self._watches.get(job_id, ()):
            if isinstance(state, Bug):
                watch.fail(Bug())
            else:
                watch.read(state)

    def _pass_on(self, stage: StageEvent) -> None:
        for watch in self._watches.get(stage.job_id, ()):
            if watch.report(stage):
                self._suspects.add(stage.job_id)

    async def _publish_listened(self) -> None:
        job_ids = await self._unpublished.take()
        # While Redis is away, listeners hear of changes by the backstop, and of no stages.
        with suppress(BrokerUnavailable):
            await self._messenger.publish_listened(job_ids)


@contextmanager
def _among(callers: defaultdict[K, set[T]], key: K, caller: T) -> Iterator[None]:
    callers[key].add(caller)
    try:
        yield
    finally:
        callers[key].discard(caller)
        if not callers[key]:
            del callers[key]


def _raise_in(expecting: Iterable[Expectation], error: type[ServiceError]) -> None:
    for expectation in expecting:
        expectation.fail(error())
