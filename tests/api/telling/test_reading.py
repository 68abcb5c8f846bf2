"""Reads for many callers at once: a few jobs at a time, and one bad row spoils no other."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import event, text, update

from api.front import Front
from api.telling.reading import VIEWS_AT_ONCE, Batched
from shared.client import AsyncServiceClient
from shared.contracts.jobs import JobStatus, JobView
from shared.errors import Bug, Busy
from shared.store.models import Job
from shared.store.postgres.database import Database
from tests.support.runners import ITEM

_END = "UPDATE jobs SET state = 'succeeded', output = '{}', finished_at = now()"
# What a newer version may store.
_UNKNOWN: dict[str, dict[str, Any]] = {
    "result": {"feature": "divination"},
    "state": {"error": {"code": "c", "error_class": "unheard", "detail": "D.", "retryable": False}},
}


@pytest.fixture
def front(app: FastAPI) -> Front:
    """The parts of the front `app`."""
    found: Front = app.state.front
    return found


async def test_a_query_that_fails_takes_no_answer_from_others() -> None:
    """Only those who asked for what it read get its error. No query reads more than it may."""
    sizes: list[int] = []
    unlucky = uuid4()

    async def read(job_ids: Sequence[UUID]) -> Mapping[UUID, JobView | Bug]:
        sizes.append(len(job_ids))
        if unlucky in job_ids:
            raise Busy
        return {}

    batched = Batched(read, at_once=4)
    asked = [asyncio.create_task(batched.get(id_)) for id_ in [*map(_new, range(9)), unlucky]]
    for _ in range(3):
        await batched.step()
    outcomes = await asyncio.gather(*asked, return_exceptions=True)

    assert sizes == [4, 4, 2]
    assert outcomes[:8] == [None] * 8
    assert {type(outcome) for outcome in outcomes[8:]} == {Busy}


async def test_jobs_that_end_together_are_read_a_few_at_a_time(
    client: AsyncServiceClient, front: Front, database: Database
) -> None:
    """Everybody gets the job, whether waiting for its end or asking for it."""
    count = 2 * VIEWS_AT_ONCE + 1
    jobs = [await client.submit("categorization", ITEM) for _ in range(count)]
    waits = [asyncio.create_task(client.job(job.id, wait=20)) for job in jobs]
    with _rows_read(front.database) as sizes:
        async with database.transaction() as session:
            await session.execute(text(_END))
        ended = await asyncio.gather(*waits)
        asked = await asyncio.gather(*(client.job(job.id) for job in jobs))

    assert {job.status for job in (*ended, *asked)} == {JobStatus.SUCCEEDED}
    assert sum(sizes) >= 2 * count
    assert max(sizes) <= VIEWS_AT_ONCE


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

    assert isinstance(ended, JobView)
    assert ended == await asked
    assert isinstance(refused, Bug)


@contextmanager
def _rows_read(database: Database) -> Iterator[list[int]]:
    """Yield how many whole rows of jobs each query of the block asked for."""
    sizes: list[int] = []

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "jobs.output" in statement and "ANY" in statement:
            sizes.append(len(parameters[0]))

    engine = database._engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    yield sizes
    event.remove(engine, "before_cursor_execute", note)


def _new(_: int) -> UUID:
    return uuid4()
