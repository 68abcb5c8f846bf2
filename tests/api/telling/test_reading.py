"""Reads for many callers at once: a few jobs at a time, and one bad row spoils no other."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text, update

from api.admission import Admission
from api.telling.reading import JOBS_AT_ONCE, Batched, JobReads
from api.telling.waiting import Waiters
from shared.client import AsyncServiceClient
from shared.contracts.jobs import JobStatus, JobView
from shared.errors import Bug, Busy
from shared.settings import Settings
from shared.store.hot.reading import JobRow
from shared.store.models import Job
from shared.store.postgres.database import Database
from shared.store.postgres.statements import Row, Statement
from shared.wire.messenger import Messenger
from tests.support.runners import ITEM

_END = "UPDATE jobs SET state = 'succeeded', output = '{}', finished_at = now()"
# What a newer version may store.
_UNKNOWN: dict[str, dict[str, Any]] = {
    "result": {"feature": "divination"},
    "state": {"error": {"code": "c", "error_class": "unheard", "detail": "D.", "retryable": False}},
}


async def test_a_query_that_fails_takes_no_answer_from_others() -> None:
    """Only those who asked for what it read get its error. No query reads more than it may."""
    sizes: list[int] = []
    unlucky = uuid4()

    async def read(job_ids: Sequence[UUID]) -> Mapping[UUID, JobRow | Bug]:
        sizes.append(len(job_ids))
        if unlucky in job_ids:
            raise Busy
        return {}

    batched: Batched[JobRow] = Batched(read, at_once=4)
    asked = [asyncio.create_task(batched.get(id_)) for id_ in [*map(_new, range(9)), unlucky]]
    for _ in range(3):
        await batched.step()
    outcomes = await asyncio.gather(*asked, return_exceptions=True)

    assert sizes == [4, 4, 2]
    assert outcomes[:8] == [None] * 8
    assert {type(outcome) for outcome in outcomes[8:]} == {Busy}


async def test_jobs_that_end_together_are_read_a_few_at_a_time(
    client: AsyncServiceClient, settings: Settings, database: Database, messenger: Messenger
) -> None:
    """Everybody gets the job, whether waiting for its end or asking for it."""
    count = 2 * JOBS_AT_ONCE + 1
    ids = [(await client.submit("categorization", ITEM)).id for _ in range(count)]
    async with counting(settings) as counted, AsyncExitStack() as stack:
        reads, admission = JobReads(counted), Admission(counted, settings)
        waiters = Waiters(counted, messenger, admission)
        await stack.enter_async_context(reads.running())
        await stack.enter_async_context(waiters.running())
        waits = [asyncio.create_task(waiters.wait(job_id, 20)) for job_id in ids]
        async with database.transaction() as session:
            await session.execute(text(_END))
        ended = await asyncio.gather(*waits)
        asked = await asyncio.gather(*(reads.job(job_id, "tenant") for job_id in ids))

    assert {job and job.status for job in (*ended, *asked)} == {JobStatus.SUCCEEDED}
    assert sum(counted.sizes) >= 2 * count
    assert max(counted.sizes) <= JOBS_AT_ONCE


@pytest.mark.parametrize("unknown", _UNKNOWN)
async def test_a_row_that_cannot_be_read_spoils_no_other(
    client: AsyncServiceClient, database: Database, unknown: str
) -> None:
    """Only whoever asks for that job, or waits for it, is answered with an error."""
    good, bad = [await client.submit("categorization", ITEM) for _ in range(2)]
    waits = [asyncio.create_task(client.job(job.id, wait=10)) for job in (good, bad)]
    async with database.transaction() as session:
        await session.execute(update(Job).where(Job.id == bad.id).values(**_UNKNOWN[unknown]))
        await session.execute(text(_END))
    ended, refused = await asyncio.gather(*waits, return_exceptions=True)
    asked = asyncio.create_task(client.job(good.id))
    with pytest.raises(Bug):
        await client.job(bad.id)
    page = await client.jobs()

    assert [job.id for job in page.jobs] == [good.id]
    assert page.unreadable == [bad.id]
    assert isinstance(ended, JobView)
    assert ended == await asked
    assert isinstance(refused, Bug)


class Counting(Database):
    """A database that notes how many whole jobs each statement asks for."""

    sizes: list[int]

    async def fetch(self, statement: Statement, *arguments: Any) -> Sequence[Row]:
        """Run the statement."""
        if statement.name == "jobs.read":
            self.sizes.append(len(arguments[0]))
        return await super().fetch(statement, *arguments)


@asynccontextmanager
async def counting(settings: Settings) -> AsyncIterator[Counting]:
    """Yield such a database."""
    database = Counting.from_settings(settings, process="counting")
    database.sizes = []
    yield database
    await database.close()


def _new(_: int) -> UUID:
    return uuid4()
