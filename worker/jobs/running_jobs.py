"""Keeps track of the jobs that this process is running."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from typing import Any
from uuid import UUID


class Stop(Enum):
    """Reasons to stop a running job, other than a shutdown."""

    LEASE_LOST = auto()
    CANCELLED = auto()


class RunningJobs:
    """The asyncio task of each running job, so that a run can be stopped by the id of its job."""

    def __init__(self) -> None:
        self._tasks: dict[UUID, asyncio.Task[Any]] = {}
        self._stopped: dict[UUID, Stop] = {}
        # Set when the end of a job has been stored; whoever sends callbacks waits for it.
        self.ended = asyncio.Event()

    @contextmanager
    def track(self, job_id: UUID, task: asyncio.Task[Any]) -> Iterator[None]:
        """Count a job as running while the block runs, and cancel its task at the end."""
        self._tasks[job_id] = task
        try:
            yield
        finally:
            task.cancel()
            del self._tasks[job_id]
            self._stopped.pop(job_id, None)

    def ids(self) -> set[UUID]:
        """Return the ids of the running jobs."""
        return set(self._tasks)

    def stop(self, job_id: UUID, why: Stop) -> None:
        """Stop a job if it is still running. If it is stopped twice, the first reason counts."""
        if job_id in self._tasks:
            self._stopped.setdefault(job_id, why)
            self._tasks[job_id].cancel()

    def stopped(self, job_id: UUID) -> Stop | None:
        """Return why a running job was stopped, or None if it was not."""
        return self._stopped.get(job_id)
