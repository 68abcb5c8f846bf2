"""Announces to the fronts what jobs do: the end of every job, and more if somebody listens to it.

An announcement may be lost: the row says what is true.
"""

import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

import structlog

from shared.contracts.events import StageEvent
from shared.errors import BrokerUnavailable
from shared.process.gathering import Gathering
from shared.store.transitions import Claim
from shared.wire.messenger import Messenger
from worker.pipeline.stages import StageReport

log = structlog.get_logger(__name__)

# Seconds for which a job counts as listened to. Fronts repeat what they listen to every second.
_LISTENED_FOR = 5.0


class Reports:
    """Announces the ends of jobs, and takes and sends reports about those that are listened to."""

    def __init__(self, messenger: Messenger) -> None:
        self._messenger = messenger
        # Until when each job counts as listened to, by the monotonic clock.
        self._listened: dict[UUID, float] = {}
        self._unsent: Gathering[UUID | StageEvent] = Gathering()

    def listened(self, job_ids: Iterable[UUID]) -> None:
        """Take note that somebody listens to these jobs, and forget those that nobody repeats."""
        now = time.monotonic()
        current = {job_id: until for job_id, until in self._listened.items() if until > now}
        self._listened = current | dict.fromkeys(job_ids, now + _LISTENED_FOR)

    async def ended(self, job_id: UUID) -> None:
        """Announce that a job has ended, whether or not somebody listens."""
        try:
            await self._messenger.announce(job_id)
        except BrokerUnavailable as error:
            # Waiting callers also poll, and find the result within a second or so.
            log.warning("job.unannounced", job_id=str(job_id), reason=error.code)

    def changed(self, job_id: UUID) -> None:
        """Report that a job began to run, or waits again."""
        if self._is_listened(job_id):
            self._unsent.add(job_id)

    def stage(self, claim: Claim, report: StageReport) -> None:
        """Report what an attempt is doing."""
        if self._is_listened(claim.job_id):
            self._unsent.add(
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
        with suppress(BrokerUnavailable):
            await self._messenger.report(unsent)

    def _is_listened(self, job_id: UUID) -> bool:
        return self._listened.get(job_id, 0) > time.monotonic()
