"""The jobs that this process runs just now."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID


class RunningJobs:
    """Which job is which task, so that a heartbeat can stop a job whose lease is gone."""

    def __init__(self) -> None:
        self._tasks: dict[UUID, asyncio.Task[Any]] = {}
        self._lost: set[UUID] = set()

    @contextmanager
    def track(self, job_id: UUID, task: asyncio.Task[Any]) -> Iterator[None]:
        """Count a job as running for the length of the block; its task does not outlive it."""
        self._tasks[job_id] = task
        try:
            yield
        finally:
            task.cancel()
            del self._tasks[job_id]
            self._lost.discard(job_id)

    def ids(self) -> set[UUID]:
        """The running jobs."""
        return set(self._tasks)

    def lose(self, job_id: UUID) -> None:
        """Stop a job that is no longer ours: its result could not be stored anyway."""
        if job_id in self._tasks:
            self._lost.add(job_id)
            self._tasks[job_id].cancel()

    def is_lost(self, job_id: UUID) -> bool:
        """Whether `lose` stopped it."""
        return job_id in self._lost
