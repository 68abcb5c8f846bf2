"""Reads several jobs for one caller, who may wait until all of them have ended."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from uuid import UUID

from api.telling.expectation import Expectation
from api.telling.reading import JOBS_AT_ONCE
from api.telling.waiting import Waiters
from shared.errors import Bug
from shared.store.hot.reading import JobRow, read_jobs
from shared.store.postgres.database import Database


async def jobs_within(
    database: Database,
    waiters: Waiters,
    job_ids: Sequence[UUID],
    tenant_id: str | None,
    wait: float,
) -> Mapping[UUID, JobRow | Bug]:
    """Return those of the jobs that are the tenant's, with a Bug for one that cannot be read.

    `tenant_id` is None across all tenants.

    With `wait`, returns them once all have ended, or after that many seconds. Raises Draining.
    """
    if not wait:
        return await _read(database, job_ids, tenant_id)
    with ExitStack() as registered:
        expected = {id_: registered.enter_context(waiters.expect(id_)) for id_ in job_ids}
        jobs = await _read(database, job_ids, tenant_id)
        pending = {id_: expected[id_] for id_ in job_ids if _is_unfinished(jobs.get(id_))}
        jobs |= await _ended(pending, within=wait)
    if rest := [job_id for job_id in pending if _is_unfinished(jobs[job_id])]:
        # What was read before is out of date by now.
        jobs |= await _read(database, rest, tenant_id)
    return jobs


async def _read(
    database: Database, job_ids: Sequence[UUID], tenant_id: str | None
) -> dict[UUID, JobRow | Bug]:
    jobs: dict[UUID, JobRow | Bug] = {}
    for first in range(0, len(job_ids), JOBS_AT_ONCE):
        jobs |= await read_jobs(database, job_ids[first : first + JOBS_AT_ONCE], tenant_id)
    return jobs


async def _ended(
    pending: Mapping[UUID, Expectation], *, within: float
) -> Mapping[UUID, JobRow | Bug]:
    """Return those of the jobs that end within so many seconds."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + within
    jobs: dict[UUID, JobRow | Bug] = {}
    for job_id, expectation in pending.items():
        try:
            ended = await expectation.ended(max(0, deadline - clock()))
        except Bug as error:
            jobs[job_id] = error
        else:
            jobs |= {} if ended is None else {job_id: ended}
    return jobs


def _is_unfinished(job: JobRow | Bug | None) -> bool:
    return isinstance(job, JobRow) and not job.finished
