"""Every few seconds: renew the leases of the running jobs, and say that this worker is alive."""

import asyncio
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert

from shared import transitions
from shared.database import Database
from shared.errors import Transient
from shared.models import WorkerRecord
from worker.running import RunningJobs

log = structlog.get_logger(__name__)


@dataclass
class WorkerState:
    """What a worker tells of itself. `engines` changes while models load."""

    id: str
    version: str
    queues: list[str]
    engines: dict[str, Any]


class Heartbeat:
    """The beating heart of a worker."""

    def __init__(
        self, database: Database, state: WorkerState, running: RunningJobs, lease: float
    ) -> None:
        self._database = database
        self._state = state
        self._running = running
        self._lease = lease

    async def beat_forever(self, interval: float) -> None:
        """Beat every `interval` seconds; a beat that Postgres misses is tried again next time."""
        while True:
            try:
                await self.beat()
            except Transient as error:
                log.warning("heartbeat.missed", reason=error.code)
            await asyncio.sleep(interval)

    async def beat(self) -> None:
        """Renew, report, and stop the jobs that turned out to be somebody else's by now.

        Raises DatabaseUnavailable.
        """
        running = self._running.ids()
        async with self._database.transaction() as session:
            held = set(await transitions.renew(session, self._state.id, self._lease))
            await session.execute(_report(self._state))
        for job_id in running - held:
            self._running.lose(job_id)


def _report(state: WorkerState) -> Any:
    known = {"version": state.version, "queues": state.queues, "engines": state.engines}
    return (
        insert(WorkerRecord)
        .values(id=state.id, **known)
        .on_conflict_do_update(index_elements=["id"], set_={**known, "seen_at": func.now()})
    )
