"""Every few seconds: renew the leases of the running jobs, and say that this worker is alive."""

from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert

from shared.errors import Transient
from shared.store import transitions
from shared.store.database import Database
from shared.store.models import WorkerRecord
from worker.jobs.running import RunningJobs, Stop
from worker.telemetry.state import WorkerState
from worker.telemetry.worker_metrics import WorkerMetrics

log = structlog.get_logger(__name__)


class Heartbeat:
    """The beating heart of a worker."""

    def __init__(
        self,
        database: Database,
        state: WorkerState,
        running: RunningJobs,
        metrics: WorkerMetrics,
        lease: float,
    ) -> None:
        self._database = database
        self._state = state
        self._running = running
        self._metrics = metrics
        self._lease = lease

    async def beat(self) -> None:
        """Renew, report, and stop the jobs that turned out to be somebody else's by now.

        Raises DatabaseUnavailable.
        """
        running = self._running.ids()
        async with self._database.transaction() as session:
            held = set(await transitions.renew(session, self._state.id, running, self._lease))
            await session.execute(_report(self._state, self._lease))
        self._metrics.heartbeat_succeeded()
        for job_id in running - held:
            self._running.stop(job_id, Stop.LEASE_LOST)

    async def end(self) -> None:
        """Take this worker off the list, so that nobody counts on it for another lease."""
        try:
            async with self._database.transaction() as session:
                await session.execute(delete(WorkerRecord).where(WorkerRecord.id == self._state.id))
        except Transient as error:
            log.warning("heartbeat.not_ended", reason=error.code)


def _report(state: WorkerState, lease: float) -> Any:
    engines = {name: report.model_dump() for name, report in state.engines.items()}
    known = {
        "version": state.version,
        # A worker that drains takes nothing more: the front must not count on it.
        "queues": [] if state.phase == "draining" else state.queues,
        "slots": state.slots,
        "engines": engines,
        "seen_at": func.now(),
        "alive_until": func.now() + timedelta(seconds=lease),
    }
    return (
        insert(WorkerRecord)
        .values(id=state.id, **known)
        .on_conflict_do_update(index_elements=["id"], set_=known)
    )
