"""Reads of jobs that many callers need at the same moment: one query answers all of them.

When two hundred callers come or go at once, a query for each would need more connections than the
pool has, and most of them would be refused. A single query for all would take too long if their
results are large, so jobs are read a few at a time. These queries belong to no trace, since they
belong to many requests.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Generic, TypeVar
from uuid import UUID

from shared.errors import Bug
from shared.process.background import repeating
from shared.process.gathering import Gathering
from shared.rejections import JobNotFound
from shared.store.hot.reading import JobRow, read_jobs
from shared.store.postgres.database import Database
from shared.store.states import JobState, read_states

T = TypeVar("T", bound=JobState | JobRow)

# The result of a job may have a megabyte; a state has a few bytes.
JOBS_AT_ONCE = 20
STATES_AT_ONCE = 500


class JobReads:
    """Reads jobs for the callers of this process, as many as possible with each query.

    Every method raises DatabaseUnavailable and SchemaBehind, and those for a single job raise
    JobNotFound, and Bug for a row that this version cannot read.
    """

    def __init__(self, database: Database) -> None:
        self._states: Batched[JobState] = Batched(partial(read_states, database), STATES_AT_ONCE)
        self._jobs: Batched[JobRow] = Batched(partial(read_jobs, database), JOBS_AT_ONCE)

    async def state(self, job_id: UUID, tenant_id: str) -> JobState:
        """Return the state of a job of the tenant."""
        return _of_tenant(await self._states.get(job_id), tenant_id)

    async def job(self, job_id: UUID, tenant_id: str) -> JobRow:
        """Return a job of the tenant. Callers who ask at the same time get the same object."""
        return _of_tenant(await self._jobs.get(job_id), tenant_id)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Read while the block runs."""
        async with (
            repeating("reading.states", self._states.step, pause=0),
            repeating("reading.jobs", self._jobs.step, pause=0),
        ):
            yield


class Batched(Generic[T]):
    """Answers those who asked while the previous query ran with the next ones."""

    def __init__(
        self, read: Callable[[Sequence[UUID]], Awaitable[Mapping[UUID, T | Bug]]], at_once: int
    ) -> None:
        """Read with `read`, which gets at most `at_once` ids."""
        self._read = read
        self._at_once = at_once
        self._asked: Gathering[UUID] = Gathering()
        self._answers: dict[UUID, asyncio.Future[T | None]] = {}

    async def get(self, job_id: UUID) -> T | None:
        """Return what a query that starts from now on finds. Raises what that query raises."""
        if job_id not in self._answers:
            self._answers[job_id] = asyncio.get_running_loop().create_future()
        self._asked.add(job_id)
        # A caller who goes away must not take the answer from the others.
        return await asyncio.shield(self._answers[job_id])

    async def step(self) -> None:
        """Wait for somebody to ask, and answer those who asked first."""
        job_ids = await self._asked.take(self._at_once)
        answers = {job_id: self._answers.pop(job_id) for job_id in job_ids}
        try:
            found = await self._read(job_ids)
        except Exception as error:
            # Whoever asked raises it.
            for answer in answers.values():
                answer.set_exception(error)
            return
        for job_id, answer in answers.items():
            result = found.get(job_id)
            if isinstance(result, Bug):
                answer.set_exception(result)
            else:
                answer.set_result(result)


def _of_tenant(found: T | None, tenant_id: str) -> T:
    if found is None or found.tenant_id != tenant_id:
        raise JobNotFound
    return found
