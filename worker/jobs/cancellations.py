"""Stops running jobs whose cancellation was requested."""

from shared.store.hot.beating import cancels_requested
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
        for job_id in await cancels_requested(self._database.fetch, self._worker_id):
            self._running.stop(job_id, Stop.CANCELLED)
