"""Stops the running jobs that somebody wants cancelled."""

from shared.store import transitions
from shared.store.database import Database
from worker.jobs.running import RunningJobs, Stop


class Cancellations:
    """Looks for requested cancellations while anything runs. Often, because people wait for it."""

    def __init__(self, database: Database, running: RunningJobs, worker_id: str) -> None:
        self._database = database
        self._running = running
        self._worker_id = worker_id

    async def look(self) -> None:
        """Stop what is to be stopped. Raises DatabaseUnavailable."""
        if not self._running.ids():
            return
        async with self._database.transaction() as session:
            requested = await transitions.cancels_requested(session, self._worker_id)
        for job_id in requested:
            self._running.stop(job_id, Stop.CANCELLED)
