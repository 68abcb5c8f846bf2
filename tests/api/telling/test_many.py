"""Reading many jobs by their ids, with and without waiting for their ends."""

import asyncio
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.client import AsyncServiceClient
from shared.store.models import Job
from shared.store.postgres.database import Database
from tests.api.bad_input.asking import assert_problem
from tests.support.runners import ITEM

JOBS = "/api/v1/jobs"
_END = (
    "UPDATE jobs SET state = 'succeeded', output = '{}', finished_at = now() WHERE id = ANY(:ids)"
)


async def look(http: httpx.AsyncClient, *ids: object, **query: float) -> httpx.Response:
    """Ask for jobs of the tenant, the first two separated by a comma and the others repeated."""
    first = ",".join(map(str, ids[:2]))
    params = httpx.QueryParams({"ids": [first, *map(str, ids[2:])], **query})
    return await http.get(JOBS, params=params, headers={"X-Tenant-ID": "tenant"})


async def submit(client: AsyncServiceClient, count: int) -> list[UUID]:
    """Submit jobs and return their ids."""
    return [(await client.submit("categorization", ITEM)).id for _ in range(count)]


async def end(database: Database, *ids: UUID) -> None:
    """End jobs as a worker does that announces nothing."""
    async with database.transaction() as session:
        await session.execute(text(_END), {"ids": list(ids)})


async def test_jobs_come_in_the_order_of_their_ids(
    http: httpx.AsyncClient, client: AsyncServiceClient, database: Database
) -> None:
    """What is no job of the tenant is missing: unknown, another tenant's, or no id at all.

    A job that this version cannot read is named, but not if it is another tenant's.
    """
    first, second, foreign, newer, hidden = await submit(client, 5)
    unknown = uuid4()
    async with database.transaction() as session:
        await _change(session, foreign, tenant_id="another")
        await _change(session, newer, feature="divination")
        await _change(session, hidden, feature="divination", tenant_id="another")
    answer = await look(http, second, unknown, first, foreign, "nonsense", newer, hidden, second)
    found = answer.json()

    assert [UUID(job["id"]) for job in found["jobs"]] == [second, first]
    assert found["missing"] == [str(unknown), str(foreign), "nonsense", str(hidden)]
    assert found["unreadable"] == [str(newer)]
    assert found["next_cursor"] is None
    assert answer.headers["Retry-After"] == "2"
    single = await client.job(first)
    assert UUID(found["jobs"][1]["id"]) == single.id


async def test_a_wait_ends_with_the_last_job(
    http: httpx.AsyncClient, client: AsyncServiceClient, database: Database
) -> None:
    """One has ended before, and the others end one after the other."""
    ids = await submit(client, 3)
    await end(database, ids[0])
    call = asyncio.create_task(look(http, *ids, uuid4(), wait=20))
    await end(database, ids[1])
    part = await asyncio.wait([call], timeout=0.1)
    await end(database, ids[2])
    answer = await call

    assert part[0] == set()
    assert [job["status"] for job in answer.json()["jobs"]] == ["succeeded"] * 3
    assert "Retry-After" not in answer.headers


async def test_when_the_time_is_over_jobs_are_as_they_are(
    http: httpx.AsyncClient, client: AsyncServiceClient, database: Database
) -> None:
    ended, waiting = await submit(client, 2)
    await end(database, ended)
    answer = await look(http, waiting, ended, wait=0.05)

    assert [job["status"] for job in answer.json()["jobs"]] == ["queued", "succeeded"]
    assert answer.headers["Retry-After"] == "2"


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ({"ids": "a", "status": "queued"}, "status"),
        ({"ids": "a", "limit": "50"}, "limit"),
        ({"ids": ""}, "ids"),
        ({"ids": ",,"}, "ids"),
        ({"ids": "a", "cursor": ""}, "cursor"),
        ({"ids": ",".join("a" * 101)}, "100"),
        ({"ids": "a", "wait": "31"}, "wait"),
        ({"wait": "1"}, "wait"),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_what_does_not_go_together_is_refused(
    http: httpx.AsyncClient, query: dict[str, str], word: str
) -> None:
    """A filter beside the ids would be ignored otherwise, and so would a wait without any."""
    answer = await http.get(JOBS, params=query, headers={"X-Tenant-ID": "tenant"})

    assert_problem(answer, 422, "invalid_request")
    assert word in answer.json()["detail"]


async def _change(session: AsyncSession, job_id: UUID, **values: str) -> None:
    await session.execute(update(Job).where(Job.id == job_id).values(**values))
