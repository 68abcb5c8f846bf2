"""Takes the messages of one queue, as many at once as there are free slots, and runs their jobs."""

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import structlog

from shared.contracts.features import Queue
from shared.store.hot.claiming import Claim
from shared.store.publication import MessageKey
from shared.wire.messages import Message
from shared.wire.taking import Intake, Taken
from worker.health.pulse import Pulse, poll_of
from worker.jobs.claiming import Claimed, Claiming
from worker.jobs.execution import Executor
from worker.jobs.pauses import Pauses
from worker.jobs.persistence import until_database_answers
from worker.jobs.reports import Reports
from worker.telemetry.job_metrics import JobMetrics

log = structlog.get_logger(__name__)

# Seconds between the polls of an idle worker, for messages whose publication it did not hear of:
# while it is subscribed, and while it is not. The first are spread, so that they do not coincide.
_HEARING, _DEAF = (1.5, 2.5), 0.5
# Seconds after which a job is claimed again whose row another session had locked.
_LOCKED = 0.5
# Seconds for which a message stays locked beyond the time limit of its run.
_LOCK_MARGIN = 40
# Seconds that the last poll may take when a worker shuts down.
_LAST_POLL = 2
# Seconds that releasing the running jobs may take when a worker shuts down.
_RELEASE = 3


def lock_seconds(limit: float) -> float:
    """Return for how many seconds a message is locked whose run we stop after `limit`."""
    return limit + _LOCK_MARGIN


@dataclass(frozen=True)
class Serving:
    """What a consumer serves: its queue, how many jobs at once, and for how many seconds each."""

    queue: Queue
    slots: int
    limit: float


@dataclass(frozen=True)
class Observed:
    """Where a consumer counts what it removes, and its polls."""

    metrics: JobMetrics
    pulse: Pulse


class Consumer:
    """Takes the messages of one queue and runs their jobs."""

    def __init__(
        self,
        serving: Serving,
        intake: Intake,
        claiming: Claiming,
        executor: Executor,
        reports: Reports,
        pauses: Pauses,
        observed: Observed,
    ) -> None:
        self._intake = intake
        self._claiming = claiming
        self._executor = executor
        self._reports = reports
        self._pauses = pauses
        self._metrics = observed.metrics
        self._pulse = observed.pulse
        self._queue = serving.queue
        self._slots = serving.slots
        self._lock = lock_seconds(serving.limit)
        self._running: set[asyncio.Task[None]] = set()
        # Messages of jobs whose last attempt has not ended here yet.
        self._later: dict[UUID, Message] = {}
        # Messages of jobs that could not be claimed yet, and from when on they are claimed again,
        # by the monotonic clock. They need no slot, so they stop no others.
        self._again: dict[MessageKey, tuple[Message, float]] = {}
        self._woken = asyncio.Event()
        # Whether there may be messages that no slot was free for.
        self._more = False
        self._draining = False
        self._polling = asyncio.Lock()
        self._hearing = False

    async def run(self) -> None:
        """Take messages until cancelled. Raises BrokerUnavailable."""
        while not self._draining:
            self._woken.clear()
            async with self._polling:
                await self._poll()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause()):
                    await self._woken.wait()

    def wake(self) -> None:
        """Take messages now if a slot is free, since one may have been published."""
        self._more = True
        self._woken.set()

    def hears(self, hearing: bool) -> None:
        """Take note whether `wake` is called for every message that is published."""
        self._hearing = hearing
        self.wake()

    async def drain(self, grace: float) -> None:
        """Take no more messages; give running jobs `grace` seconds, then release them."""
        self._draining = True
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_POLL):
                await self._polling.acquire()
        self._leave_locked()
        await self._wait_for_jobs(grace)
        for job in self._running:
            job.cancel()
        await self._wait_for_jobs(_RELEASE)

    def _leave_locked(self) -> None:
        """Leave the messages to others whose jobs could not be claimed yet."""
        for message, _ in self._again.values():
            self._reports.left(message)
        self._again.clear()

    async def _wait_for_jobs(self, seconds: float) -> None:
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)

    def _pause(self) -> float:
        """Return for how many seconds to wait unless something wakes the consumer."""
        if self._again:
            return _LOCKED
        return random.uniform(*_HEARING) if self._hearing else _DEAF

    async def _poll(self) -> None:
        try:
            free = self._slots - len(self._running)
            # What was taken before the pause and could not be claimed yet waits here for its end,
            # unless other workers may have it.
            if self._pauses.drains:
                self._leave_locked()
            if free and not self._draining and not self._pauses.paused(self._queue):
                await self._take(free)
        finally:
            self._pulse.turned(poll_of(self._queue))

    async def _take(self, free: int) -> None:
        """Take messages for the free slots, after those whose time has come again."""
        self._more = False
        now = time.monotonic()
        due = [message for message, since in self._again.values() if since <= now][:free]
        wanted = free - len(due)
        taken = (
            await self._intake.take(self._queue, wanted, self._lock) if wanted else Taken([], [])
        )
        self._more = self._more or taken.count == wanted
        if taken.unreadable:
            log.warning("messages.removed", queue=self._queue, reasons=sorted(taken.unreadable))
            self._metrics.repaired(
                self._queue, removed=len(taken.unreadable), moved=len(taken.moved)
            )
        # A message whose lock has run out meanwhile comes a second time.
        messages = {message.key: message for message in (*due, *taken.messages)}
        if messages:
            await self._start(list(messages.values()))
        if due:
            # If they are still locked, they kept others from their slots in this poll only.
            self._woken.set()

    async def _start(self, messages: Sequence[Message]) -> None:
        """Claim the jobs of messages that were taken, and start to run them."""
        for message in messages:
            self._again.pop(message.key, None)
        try:
            claimed = await until_database_answers(partial(self._claim, messages))
        except BaseException:
            for message in messages:
                self._reports.left(message)
            raise
        for message in messages:
            self._handle(message, claimed)

    def _handle(self, message: Message, claimed: Claimed) -> None:
        if message.key in claimed.claims:
            self._run(message, claimed.claims[message.key])
        elif message.key in claimed.later:
            self._later[message.job_id] = message
        elif message.key in claimed.again:
            self._again[message.key] = message, time.monotonic() + _LOCKED
        elif message.key not in claimed.here:
            log.info("message.ignored", job_id=str(message.job_id), dispatch=message.dispatch)
            self._reports.done(message)

    async def _claim(self, messages: Sequence[Message]) -> Claimed:
        try:
            return await self._claiming.claim(self._queue, [message.key for message in messages])
        finally:
            # A poll that waits for Postgres is not stalled.
            self._pulse.turned(poll_of(self._queue))

    def _run(self, message: Message, claim: Claim) -> None:
        job = asyncio.create_task(self._run_job(message, claim))
        self._running.add(job)
        job.add_done_callback(self._freed)

    async def _run_job(self, message: Message, claim: Claim) -> None:
        done = True
        try:
            done = await self._executor.run(claim)
        except asyncio.CancelledError:
            done = False
        except Exception:
            # Its lease runs out, and then it is rescued.
            log.exception("job.lost", job_id=str(message.job_id))
        finally:
            self._claiming.ended(claim)
        if later := self._later.pop(message.job_id, None):
            self._reports.left(later)
        if done:
            self._reports.done(message)
        else:
            self._reports.left(message)

    def _freed(self, job: asyncio.Task[None]) -> None:
        self._running.discard(job)
        if self._more:
            self._woken.set()
