"""The jobs that this process runs just now."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from typing import Any
from uuid import UUID


class Stop(Enum):
    """Why a running job is to be stopped, other than for a shutdown."""

    LEASE_LOST = auto()
    CANCELLED = auto()


class RunningJobs:
    """Which job is which task, so that a run can be stopped by the id of its job."""

    def __init__(self) -> None:
        self._tasks: dict[UUID, asyncio.Task[Any]] = {}
        self._stopped: dict[UUID, Stop] = {}

    @contextmanager
    def track(self, job_id: UUID, task: asyncio.Task[Any]) -> Iterator[None]:
        """Count a job as running for the length of the block; its task does not outlive it."""
        self._tasks[job_id] = task
        try:
            yield
        finally:
            task.cancel()
            del self._tasks[job_id]
            self._stopped.pop(job_id, None)

    def ids(self) -> set[UUID]:
        """The running jobs."""
        return set(self._tasks)

    def stop(self, job_id: UUID, why: Stop) -> None:
        """Stop a run, if it is still going on; the first reason counts."""
        if job_id in self._tasks:
            self._stopped.setdefault(job_id, why)
            self._tasks[job_id].cancel()

    def stopped(self, job_id: UUID) -> Stop | None:
        """Why `stop` stopped it, if it did."""
        return self._stopped.get(job_id)
