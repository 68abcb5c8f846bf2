"""Stops running jobs whose cancellation was requested."""

from shared.store import transitions
from shared.store.postgres.database import Database
from worker.jobs.running_jobs import RunningJobs, Stop


class Cancellations:
    """Looks up which of the jobs that this worker runs are to be cancelled."""

    def __init__(self, database: Database, running: RunningJobs, worker_id: str) -> None:
        self._database = database
        self._running = running
        self._worker_id = worker_id

    async def look(self) -> None:
        """Stop every running job whose cancellation was requested. Raises DatabaseUnavailable."""
        if not self._running.ids():
            return
        async with self._database.transaction() as session:
            requested = await transitions.cancels_requested(session, self._worker_id)
        for job_id in requested:
            self._running.stop(job_id, Stop.CANCELLED)
