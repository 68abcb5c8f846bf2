"""The limits of a queue hold exactly, whatever several fronts do at once."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import httpx
from hypothesis import HealthCheck, given
from hypothesis import settings as of_examples
from hypothesis import strategies as st
from sqlalchemy import text

from api.backpressure.queue_limits import QueueLimit
from shared.contracts.features import Queue
from shared.errors import QueueFull
from shared.settings import Settings
from shared.store.hot.accepting import Accepted, accept
from shared.store.postgres.database import Database
from shared.store.queue_stats import QueueStats, queue_stats
from tests.support.fronts import front_http
from tests.support.job_rows import new_job
from tests.support.runners import ITEM

JOBS = "/api/v1/jobs"


async def submit(http: httpx.AsyncClient, tenant: str, count: int) -> list[str | None]:
    """Submit so many jobs in one call; return the code of the error of each, or None."""
    entry = {"feature": "categorization", "tenant_id": tenant, "payload": ITEM}
    if count == 1:
        answer = await http.post(JOBS, json=entry)
        return [answer.json().get("error", {}) if answer.status_code != 202 else None]
    answer = await http.post(f"{JOBS}/batch", json={"jobs": [entry] * count})
    return [result["error"] and result["error"]["code"] for result in answer.json()["results"]]


async def burst(settings: Settings, calls: list[tuple[str, int]]) -> dict[str, Counter[str | None]]:
    """Make all calls at once, on three fronts in turn; return the results of each tenant."""
    async with AsyncExitStack() as stack:
        fronts = [await stack.enter_async_context(front_http(settings)) for _ in range(3)]
        answers = await asyncio.gather(
            *(submit(fronts[n % 3], tenant, count) for n, (tenant, count) in enumerate(calls))
        )
    results: dict[str, Counter[str | None]] = {}
    for (tenant, _), codes in zip(calls, answers, strict=True):
        results.setdefault(tenant, Counter()).update(codes)
    return results


async def test_three_fronts_fill_a_queue_exactly(settings: Settings) -> None:
    """A hundred of 300 jobs are accepted that come at once, in single calls and in batches."""
    small = settings.model_copy(update={"items_queue_limit": 100, "tenant_queue_share": 1.0})
    calls = [("a", 1), ("b", 1), ("a", 1), ("c", 20), ("b", 7)] * 10
    results = await burst(small, calls)

    of_all = sum(results.values(), Counter[str | None]())
    assert of_all == {None: 100, QueueFull.code: 200}


async def test_three_fronts_fill_the_share_of_a_tenant_exactly(settings: Settings) -> None:
    """A tenant that asks for more leaves the rest of the queue to the others."""
    small = settings.model_copy(update={"items_queue_limit": 100, "tenant_queue_share": 0.3})
    results = await burst(small, [("a", 1), ("b", 1), ("a", 9), ("b", 9), ("c", 1)] * 9)

    assert results["a"] == results["b"] == {None: 30, QueueFull.code: 60}
    assert results["c"] == {None: 9}


LIMIT = QueueLimit(Queue.ITEMS, depth=10, share=6, age=3600)
# Which of three fronts reads the numbers; or has so many jobs of a tenant accepted by its numbers,
# however old; or how many jobs leave the queue.
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.integers(0, 2), st.none()),
        st.tuples(
            st.just("accept"), st.integers(0, 2), st.lists(st.sampled_from("tu"), max_size=9)
        ),
        st.tuples(st.just("leave"), st.integers(1, 5), st.none()),
    ),
    max_size=12,
)
LEAVE = text(
    "UPDATE jobs SET state = 'cancelled', finished_at = now() WHERE id IN "
    "(SELECT id FROM jobs WHERE state = 'queued' ORDER BY random() LIMIT :count)"
)


# With these the queue is full in the end: whoever reads new numbers gets all the room that is left.
FILLING = [(kind, 0, [tenant] * 9) for tenant in "tutu" for kind in ("read", "accept")]


@of_examples(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
async def test_numbers_of_any_age_are_safe(
    database: Database, steps: list[tuple[str, int, Any]]
) -> None:
    """No limit is ever exceeded, and by new numbers the queue is filled to its limit."""
    run = uuid4().hex
    async with database.transaction() as session:
        await session.execute(LEAVE, {"count": 100})
    now = await _read(database)
    numbers = [now] * 3
    for kind, value, tenants in [*steps, *FILLING]:
        if kind == "read":
            numbers[value] = now
        elif kind == "leave":
            async with database.transaction() as session:
                await session.execute(LEAVE, {"count": value})
        else:
            await _accept(database, numbers[value], [f"{tenant}-{run}" for tenant in tenants])
        now = await _read(database)
        assert now.depth <= LIMIT.depth
        assert all(tenant.depth <= LIMIT.share for tenant in now.tenants.values())
    assert now.depth == LIMIT.depth


async def _read(database: Database) -> QueueStats:
    return (await queue_stats(database.fetch, {Queue.ITEMS: LIMIT.watched}))[Queue.ITEMS]


async def _accept(database: Database, numbers: QueueStats, tenants: list[str]) -> None:
    news = [new_job(tenant_id=tenant) for tenant in tenants]
    ceilings = {
        new.id: LIMIT.ceiling(numbers, new.tenant_id)
        for new in news
        if LIMIT.excess(numbers, new.tenant_id) is None
    }
    results = await accept(database, news, ceilings)
    assert {type(result) for result in results} <= {Accepted, type(None)}
