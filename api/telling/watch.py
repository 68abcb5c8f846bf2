"""What one caller learns of one job."""

import asyncio
from collections import deque

from shared.contracts.events import EventId, StageEvent
from shared.contracts.jobs import JobStatus
from shared.errors import ServiceError
from shared.store.states import JobState

# If a listener reads more slowly than a job reports, the oldest stages are dropped, and states only
# if nothing else is left.
_MOST_NEWS = 100


class Watch:
    """The news of a job, in order: each newer state, and the stages of the attempt that runs.

    States are never older than the one before. A listener who reads slowly may miss the oldest
    stages, and states that are read less often than they change are merged.
    """

    def __init__(self, since: EventId | None = None) -> None:
        """Leave out the state that has the id `since`, and all that are older."""
        self._latest = since
        self._running: int | None = None
        self._news: deque[JobState | StageEvent] = deque()
        # Stages of an attempt of which it is not known yet that it runs.
        self._early: deque[StageEvent] = deque(maxlen=_MOST_NEWS)
        self._arrived = asyncio.Event()
        self._gone = False
        self._failure: ServiceError | None = None

    async def next(self) -> JobState | StageEvent | None:
        """Wait for the next news and return them; None if the job no longer exists.

        After `fail`, raises its error once all news have been returned.
        """
        while not self._news:
            if self._failure is not None:
                raise self._failure
            if self._gone:
                return None
            self._arrived.clear()
            await self._arrived.wait()
        return self._news.popleft()

    def fail(self, error: ServiceError) -> None:
        """Raise the error where somebody waits for news."""
        self._failure = error
        self._arrived.set()

    def read(self, state: JobState | None) -> None:
        """Take the state that the row has now; None if there is no such job any more."""
        self._gone = state is None
        if state is not None and (self._latest is None or state.id > self._latest):
            self._latest = state.id
            self._add(state)
        if state is not None and state.event.status is JobStatus.RUNNING:
            self._running = state.event.attempt
            self._add(*(stage for stage in self._early if stage.attempt == self._running))
            self._early.clear()
        self._arrived.set()

    def report(self, stage: StageEvent) -> bool:
        """Take a stage; return whether the state has to be read before it can be passed on."""
        if stage.attempt != self._running:
            self._early.append(stage)
            return True
        self._add(stage)
        self._arrived.set()
        return False

    def _add(self, *news: JobState | StageEvent) -> None:
        self._news.extend(news)
        while len(self._news) > _MOST_NEWS:
            stages = (
                index for index, kept in enumerate(self._news) if isinstance(kept, StageEvent)
            )
            del self._news[next(stages, 0)]
