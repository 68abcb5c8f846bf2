"""Reads of jobs that many callers need at the same moment: one query answers all of them.

When two hundred callers come or go at once, a query for each would need more connections than the
pool has, and most of them would be refused. These queries belong to no trace, since they belong to
many requests.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Generic, TypeVar
from uuid import UUID

from api.job_views import read_views
from shared.contracts.jobs import JobView
from shared.process.background import repeating
from shared.process.gathering import Gathering
from shared.rejections import JobNotFound
from shared.store.postgres.database import Database
from shared.store.states import JobState, read_states

T = TypeVar("T", bound=JobState | JobView)


class JobReads:
    """Reads jobs for the callers of this process, as many as possible with each query.

    Every method raises JobNotFound, DatabaseUnavailable and SchemaBehind.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._states = _Batched(self._read_states)
        self._views = _Batched(self._read_views)

    async def state(self, job_id: UUID, tenant_id: str) -> JobState:
        """Return the state of a job of the tenant."""
        return _of_tenant(await self._states.get(job_id), tenant_id)

    async def view(self, job_id: UUID, tenant_id: str) -> JobView:
        """Return a job of the tenant. Callers who ask at the same time get the same object."""
        return _of_tenant(await self._views.get(job_id), tenant_id)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Read while the block runs."""
        async with (
            repeating("reading.states", self._states.step, pause=0),
            repeating("reading.views", self._views.step, pause=0),
        ):
            yield

    async def _read_states(self, job_ids: Sequence[UUID]) -> Mapping[UUID, JobState]:
        async with self._database.transaction() as session:
            return await read_states(session, job_ids)

    async def _read_views(self, job_ids: Sequence[UUID]) -> Mapping[UUID, JobView]:
        async with self._database.transaction() as session:
            return await read_views(session, job_ids)


class _Batched(Generic[T]):
    """Answers everybody who asked while the previous query ran with the next one."""

    def __init__(self, read: Callable[[Sequence[UUID]], Awaitable[Mapping[UUID, T]]]) -> None:
        self._read = read
        self._asked: Gathering[UUID] = Gathering()
        self._answers: dict[UUID, asyncio.Future[T | None]] = {}

    async def get(self, job_id: UUID) -> T | None:
        """Return what a query that starts from now on finds. Raises what the query raises."""
        if job_id not in self._answers:
            self._answers[job_id] = asyncio.get_running_loop().create_future()
        self._asked.add(job_id)
        # A caller who goes away must not take the answer from the others.
        return await asyncio.shield(self._answers[job_id])

    async def step(self) -> None:
        """Wait for somebody to ask, and answer all who have asked."""
        job_ids = await self._asked.take()
        answers = {job_id: self._answers.pop(job_id) for job_id in job_ids}
        try:
            found = await self._read(job_ids)
        except Exception as error:
            # Whoever asked raises it.
            for answer in answers.values():
                answer.set_exception(error)
            return
        for job_id, answer in answers.items():
            answer.set_result(found.get(job_id))


def _of_tenant(found: T | None, tenant_id: str) -> T:
    if found is None or found.tenant_id != tenant_id:
        raise JobNotFound
    return found
