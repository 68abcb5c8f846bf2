"""Reads several jobs for one caller, who may wait until all of them have ended."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from uuid import UUID

from api.telling.expectation import Expectation
from api.telling.waiting import Waiters
from shared.errors import Bug
from shared.store.hot.reading import JobRow, read_jobs
from shared.store.postgres.database import Database


async def jobs_within(
    database: Database,
    waiters: Waiters,
    job_ids: Sequence[UUID],
    tenant_id: str,
    wait: float,
) -> Mapping[UUID, JobRow | Bug]:
    """Return those of the jobs that are the tenant's, with a Bug for one that cannot be read.

    With `wait`, returns them once all have ended, or after that many seconds. Raises Draining.
    """
    if not wait:
        return await read_jobs(database, job_ids, tenant_id)
    with ExitStack() as registered:
        expected = {id_: registered.enter_context(waiters.expect(id_)) for id_ in job_ids}
        jobs = await read_jobs(database, job_ids, tenant_id)
        pending = [id_ for id_, job in jobs.items() if isinstance(job, JobRow) and not job.finished]
        deadline = asyncio.get_running_loop().time() + wait
        ended = {id_: await _ended(expected[id_], deadline) for id_ in pending}
    done = {job_id: job for job_id, job in ended.items() if job is not None}
    rest = [job_id for job_id in pending if job_id not in done]
    latest = await read_jobs(database, rest, tenant_id) if rest else {}
    before = {job_id: job for job_id, job in jobs.items() if job_id not in ended}
    return before | done | dict(latest)


async def _ended(expectation: Expectation, deadline: float) -> JobRow | Bug | None:
    try:
        return await expectation.ended(max(0, deadline - asyncio.get_running_loop().time()))
    except Bug as error:
        return error
