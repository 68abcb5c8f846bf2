"""What one caller learns of one job."""

import asyncio
from collections import deque

from shared.contracts.events import EventId, StageEvent
from shared.contracts.jobs import JobStatus
from shared.errors import Draining
from shared.store.states import JobState

# If a listener reads more slowly than a job reports, the oldest news are dropped.
_MOST_NEWS = 100


class Watch:
    """The news of a job, in order: each newer state, and the stages of the attempt that runs.

    States are never older than the one before. Some may be left out, but not the latest.
    """

    def __init__(self, since: EventId | None = None) -> None:
        """Leave out the state that has the id `since`, and all that are older."""
        self._latest = since
        self._running: int | None = None
        self._news: deque[JobState | StageEvent] = deque(maxlen=_MOST_NEWS)
        # Stages of an attempt of which it is not known yet that it runs.
        self._early: deque[StageEvent] = deque(maxlen=_MOST_NEWS)
        self._arrived = asyncio.Event()
        self._gone = False
        self._dismissed = False

    async def next(self) -> JobState | StageEvent | None:
        """Wait for the next news and return them; None if the job no longer exists.

        Raises Draining after `dismiss`.
        """
        while not self._news:
            if self._dismissed:
                raise Draining
            if self._gone:
                return None
            self._arrived.clear()
            await self._arrived.wait()
        return self._news.popleft()

    def dismiss(self) -> None:
        """Raise Draining where somebody waits for news."""
        self._dismissed = True
        self._arrived.set()

    def read(self, state: JobState | None) -> None:
        """Take the state that the row has now; None if there is no such job any more."""
        self._gone = state is None
        if state is not None and (self._latest is None or state.id > self._latest):
            self._latest = state.id
            self._news.append(state)
        if state is not None and state.event.status is JobStatus.RUNNING:
            self._running = state.event.attempt
            self._news.extend(stage for stage in self._early if stage.attempt == self._running)
            self._early.clear()
        self._arrived.set()

    def report(self, stage: StageEvent) -> bool:
        """Take a stage; return whether the state has to be read before it can be passed on."""
        if stage.attempt != self._running:
            self._early.append(stage)
            return True
        self._news.append(stage)
        self._arrived.set()
        return False
