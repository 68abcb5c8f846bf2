"""Delivers what is due: claim → send → record, many at once, and few to any one host."""

import asyncio
import random
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from opentelemetry import trace
from opentelemetry.trace import StatusCode

from shared.contracts.callbacks import DeliveryState
from shared.dependencies import answer_within
from shared.errors import Transient
from shared.process.background import end_tasks
from shared.store.callbacks.deliveries import (
    ClaimedDelivery,
    Room,
    claim_due,
    note_delivered,
    note_failed,
    release_claim,
)
from shared.store.postgres.database import Database, Session
from worker.callbacks.pauses import pause_after
from worker.callbacks.requests import Signer
from worker.callbacks.sending import Answer, Sender
from worker.jobs.persistence import committed
from worker.telemetry.callback_metrics import DeliveryOutcome
from worker.telemetry.signals import Telemetry

log = structlog.get_logger(__name__)

# How many deliveries a worker sends at once, and how many of them to the same host. Hosts that do
# not answer delay others only if there are more of them than _SLOTS / _PER_HOST. A host that
# answers may have more, as long as _RESERVE slots stay free for hosts that become due meanwhile.
_SLOTS, _PER_HOST, _RESERVE = 32, 4, 8
# Seconds that Postgres has for each answer when the worker stops.
_LAST_ANSWER = 1.0


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Seconds: how long a claim lasts, the first pause, and how often to look for what is due.

    A claim has to last longer than a request and the record of its answer together.
    """

    claim: float
    first_pause: float
    interval: float


class Deliveries:
    """Sends the deliveries that this worker claims.

    `step` claims; each delivery is then sent by a task of its own.
    """

    def __init__(
        self,
        database: Database,
        sender: Sender,
        signer: Signer,
        telemetry: Telemetry,
        woken: asyncio.Event,
        timing: Timing,
    ) -> None:
        """Look for what is due whenever `woken` is set, and at regular intervals."""
        self._database = database
        self._sender = sender
        self._signer = signer
        self._tracing = telemetry.tracing
        self._metrics = telemetry.metrics.callbacks
        self._timing = timing
        self._rng = random.Random()
        self._sending: dict[asyncio.Task[None], ClaimedDelivery] = {}
        # Those of the hosts being sent to whose last answer accepted a callback.
        self._answering: set[str] = set()
        self._claiming: asyncio.Task[None] | None = None
        self._woken = woken

    async def step(self) -> None:
        """Wait until there may be something to send, claim it, and begin to send it.

        Raises DatabaseUnavailable.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timing.interval):
                await self._woken.wait()
        self._woken.clear()
        if len(self._sending) == _SLOTS:
            return
        # Were the claim interrupted when the worker stops, nobody would send what it has claimed
        # until it ended by itself.
        self._claiming = asyncio.create_task(self._claim(), name="callback claim")
        await asyncio.shield(self._claiming)

    async def _claim(self) -> None:
        busy = Counter(claimed.host for claimed in self._sending.values())
        room = Room(
            slots=_SLOTS - busy.total(),
            per_host=_PER_HOST,
            busy=busy,
            answering=self._answering,
            reserve=_RESERVE,
        )
        async with self._database.transaction() as session:
            due = await claim_due(session, room, self._timing.claim)
        for claimed in due:
            task = asyncio.create_task(self._deliver(claimed), name="callback")
            self._sending[task] = claimed
            task.add_done_callback(self._sent)
        self._answering &= {claimed.host for claimed in self._sending.values()}

    async def drain(self, grace: float) -> None:
        """Give the requests that are under way `grace` seconds, then leave them to other workers.

        A receiver may then hear twice of the same event.
        """
        if self._claiming is not None:
            await asyncio.wait([self._claiming], timeout=_LAST_ANSWER)
        if not self._sending:
            return
        tasks = dict(self._sending)
        await asyncio.wait(tasks, timeout=grace)
        unfinished = [claimed for task, claimed in tasks.items() if not task.done()]
        await end_tasks(tasks)
        try:
            await answer_within(self._release(unfinished), _LAST_ANSWER)
        except Transient as error:
            # Their claims end by themselves.
            log.warning("callbacks.not_released", away=True, reason=error.code)

    async def _release(self, unfinished: list[ClaimedDelivery]) -> None:
        async with self._database.transaction() as session:
            for claimed in unfinished:
                await release_claim(session, claimed)

    def _sent(self, task: asyncio.Task[None]) -> None:
        del self._sending[task]
        if not task.cancelled() and (error := task.exception()):
            # The claim ends by itself, and the delivery is due again.
            log.error("callbacks.failed", exc_info=error)
        # More may be due than there were free slots.
        self._woken.set()

    async def _deliver(self, claimed: ClaimedDelivery) -> None:
        began = time.perf_counter()
        with (
            structlog.contextvars.bound_contextvars(
                job_id=str(claimed.job_id),
                tenant_id=claimed.tenant_id,
                request_id=claimed.request_id,
            ),
            self._tracing.callback(claimed),
        ):
            answer = await self._attempt(claimed)
            if answer.accepted:
                self._answering.add(claimed.host)
            else:
                self._answering.discard(claimed.host)
            seconds = time.perf_counter() - began

            async def record(session: Session) -> DeliveryOutcome | None:
                return await self._record(session, claimed, answer)

            outcome = await committed(self._database, record)
            _describe(answer, outcome)
            if outcome is not None:
                self._metrics.attempted(claimed.event, outcome, seconds)
            _report(claimed, answer, outcome)

    async def _attempt(self, claimed: ClaimedDelivery) -> Answer:
        """Send the request. A bug of ours counts as a failed attempt, or it would recur forever."""
        try:
            request = self._signer.request(claimed, datetime.now(UTC))
            return await self._sender.send(claimed.url, request)
        except Exception:
            log.exception("callback.bug")
            return Answer(problem="An internal error occurred; it has been logged.")

    async def _record(
        self, session: Session, claimed: ClaimedDelivery, answer: Answer
    ) -> DeliveryOutcome | None:
        """Record the attempt; return None if that is another worker's by now."""
        if answer.accepted and answer.status is not None:
            noted = await note_delivered(session, claimed, answer.status)
            return DeliveryOutcome.DELIVERED if noted else None
        pause = pause_after(
            claimed.attempts,
            first=self._timing.first_pause,
            retry_after=answer.retry_after,
            rng=self._rng,
        )
        state = await note_failed(
            session,
            claimed,
            status=answer.status,
            error=answer.problem,
            pause=None if answer.refused_for_good else pause,
        )
        if state is None:
            return None
        return DeliveryOutcome.DEAD if state is DeliveryState.DEAD else DeliveryOutcome.RETRIED


def _describe(answer: Answer, outcome: DeliveryOutcome | None) -> None:
    """Set on the current span how the attempt ended."""
    span = trace.get_current_span()
    if answer.status is not None:
        span.set_attribute("http.response.status_code", answer.status)
    if outcome is not None:
        span.set_attribute("callback.outcome", outcome)
    if not answer.accepted:
        span.set_status(StatusCode.ERROR, answer.problem)


def _report(claimed: ClaimedDelivery, answer: Answer, outcome: DeliveryOutcome | None) -> None:
    """Log how the attempt ended. A callback that is dead needs somebody's attention."""
    write = log.warning if outcome is DeliveryOutcome.DEAD else log.info
    write(
        f"callback.{outcome or 'dropped'}",
        delivery_id=str(claimed.id),
        event_type=claimed.event,
        # The rest of the URL may contain a secret.
        host=claimed.host,
        attempts=claimed.attempts,
        status=answer.status,
        problem=answer.problem or None,
    )
