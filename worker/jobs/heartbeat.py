"""Renews the leases of the running jobs every few seconds, and reports that the worker lives."""

import time

import structlog

from shared.dependencies import answer_within
from shared.errors import Transient
from shared.store.hot.beating import WorkerReport, beat
from shared.store.hot.leases import Leases
from shared.store.postgres.database import Database
from shared.store.workers import end_worker
from worker.jobs.pauses import Pauses
from worker.jobs.running_jobs import RunningJobs, Stop
from worker.telemetry.metrics import WorkerMetrics
from worker.telemetry.state import WorkerState

log = structlog.get_logger(__name__)

# Seconds that Postgres has for its answer when the worker stops.
_LAST_ANSWER = 1.0


class Heartbeat:
    """Renews the leases that this worker holds, and its row in the table of workers."""

    def __init__(
        self,
        database: Database,
        state: WorkerState,
        running: RunningJobs,
        pauses: Pauses,
        metrics: WorkerMetrics,
        leases: Leases,
    ) -> None:
        self._database = database
        self._state = state
        self._running = running
        self._pauses = pauses
        self._metrics = metrics
        self._leases = leases

    async def beat(self) -> None:
        """Renew the leases, report this worker, and stop the jobs that were lost or are cancelled.

        Raises DatabaseUnavailable.
        """
        running = self._running.ids()
        worker = WorkerReport(
            id=self._state.id,
            version=self._state.version,
            # A worker that drains takes nothing more: the front must not count on it.
            queues=[] if self._state.phase == "draining" else self._state.queues,
            slots=self._state.slots,
            components=self._state.components,
        )
        asked_at = time.monotonic()
        held = await beat(self._database.fetch, worker, running, self._leases)
        self._metrics.heartbeat_succeeded()
        self._pauses.note(held.standing, asked_at)
        for job_id in running - held.jobs:
            self._running.stop(job_id, Stop.LEASE_LOST)
        for job_id in held.to_cancel:
            self._running.stop(job_id, Stop.CANCELLED)

    async def end(self) -> None:
        """Report that this worker has ended, or others would count on it for another lease."""
        try:
            await answer_within(self._report_end(), _LAST_ANSWER)
        except Transient as error:
            log.warning("heartbeat.not_ended", reason=error.code)

    async def _report_end(self) -> None:
        async with self._database.transaction() as session:
            await end_worker(session, self._state.id, self._leases)
