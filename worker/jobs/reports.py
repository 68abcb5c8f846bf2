"""Reports to Redis what jobs do: which messages are done, the end of every job, and more if
somebody listens to it.

A report may be lost: the row says what is true, callers also poll, and the reconciler removes
messages that no job needs.
"""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import structlog

from shared.contracts.events import StageEvent
from shared.errors import BrokerUnavailable
from shared.process.gathering import Gathering
from shared.store.hot.claiming import Claim
from shared.wire.messages import Message
from shared.wire.messenger import Messenger
from worker.pipeline.stages import StageReport

log = structlog.get_logger(__name__)

# Seconds for which a job counts as listened to. Fronts repeat what they listen to every second.
_LISTENED_FOR = 5.0


@dataclass(frozen=True)
class _Done:
    """A message that no worker needs any more."""

    message: Message


@dataclass(frozen=True)
class _Left:
    """A message that the next worker may take."""

    message: Message


class Reports:
    """Takes reports and sends them, together with all others that came while the last were sent."""

    def __init__(self, messenger: Messenger) -> None:
        self._messenger = messenger
        # Until when each job counts as listened to, by the monotonic clock.
        self._listened: dict[UUID, float] = {}
        self._unsent: Gathering[UUID | StageEvent | _Done | _Left] = Gathering()
        self._all_sent = asyncio.Event()
        self._all_sent.set()

    def listened(self, job_ids: Iterable[UUID]) -> None:
        """Take note that somebody listens to these jobs, and forget those that nobody repeats."""
        now = time.monotonic()
        current = {job_id: until for job_id, until in self._listened.items() if until > now}
        self._listened = current | dict.fromkeys(job_ids, now + _LISTENED_FOR)

    def ended(self, job_id: UUID) -> None:
        """Report that a job has ended, whether or not somebody listens."""
        self._add(job_id)

    def done(self, message: Message) -> None:
        """Report that a message is done, which removes it."""
        self._add(_Done(message))

    def left(self, message: Message) -> None:
        """Report that a message is left to the next worker, which unlocks it."""
        self._add(_Left(message))

    def changed(self, job_id: UUID) -> None:
        """Report that a job began to run, or waits again."""
        if self._is_listened(job_id):
            self._add(job_id)

    def stage(self, claim: Claim, report: StageReport) -> None:
        """Report what an attempt is doing."""
        if self._is_listened(claim.job_id):
            self._add(
                StageEvent(
                    job_id=claim.job_id,
                    attempt=claim.attempt,
                    stage=report.stage,
                    at=datetime.fromtimestamp(report.at_ns / 1e9, UTC),
                    pages_read=report.pages_read,
                    pages=report.pages,
                )
            )

    async def send(self) -> None:
        """Wait for reports, and send all that are there."""
        unsent = await self._unsent.take()
        try:
            await self._messenger.report(
                [entry for entry in unsent if isinstance(entry, UUID | StageEvent)],
                done=[entry.message for entry in unsent if isinstance(entry, _Done)],
                left=[entry.message for entry in unsent if isinstance(entry, _Left)],
            )
        except BrokerUnavailable as error:
            log.warning("reports.lost", away=True, reports=len(unsent), reason=error.code)
        finally:
            if not self._unsent:
                self._all_sent.set()

    async def all_sent(self) -> None:
        """Wait until no report waits. Something has to repeat `send` meanwhile."""
        await self._all_sent.wait()

    def _add(self, report: UUID | StageEvent | _Done | _Left) -> None:
        self._all_sent.clear()
        self._unsent.add(report)

    def _is_listened(self, job_id: UUID) -> bool:
        return self._listened.get(job_id, 0) > time.monotonic()
