"""Measures how long a tenant's job waits behind a thousand of another, beside an idle system."""

import statistics
from collections.abc import Sequence

from shared.client import AsyncServiceClient
from shared.client.calls.options import Entry
from shared.errors import ServiceError
from tests.bench.bench import Bench
from tests.bench.figures import Figure, NotMeasured, milliseconds
from tests.bench.running.system import TENANT, System
from tests.support.waiting import wait_until

_BACKLOG = 1000
_NEWCOMERS = 5
_SLOTS = 4
_ENV = {"FEATURE_LOADER": "tests.bench.running.features:load_slow", "ITEM_SLOTS": str(_SLOTS)}
_ITEM = {"item_name": "Milk", "candidate_labels": ["Dairy", "Produce"]}


async def measure(bench: Bench) -> Sequence[Figure]:
    """Compare the same job of a tenant that has no others, on an idle system and a busy one."""
    idle: list[float] = []
    behind: list[float] = []
    backlog = bench.count(_BACKLOG, least=2 * _SLOTS)
    async with bench.system(_ENV) as system, AsyncServiceClient(system.url, TENANT) as client:
        await _milliseconds(client, "warm-up")
        for number in range(bench.rounds):
            bench.note(f"fairness: round {number + 1}")
            idle.append(await _of_newcomers(client, f"idle-{number}"))
            await _post(client, backlog)
            await _some_run(system)
            behind.append(await _of_newcomers(client, f"behind-{number}"))
            await _clear(system)
    busy = f"behind {backlog} jobs of another tenant"
    return [
        Figure.ratio(f"idle ÷ {busy}", idle, behind, anchor="ms behind the others", goal=0.4),
        milliseconds(f"a job {busy}", behind),
        milliseconds("a job on an idle system", idle),
    ]


async def _of_newcomers(client: AsyncServiceClient, name: str) -> float:
    """Return the median of how many milliseconds the job of a new tenant takes."""
    return statistics.median(
        [await _milliseconds(client, f"{name}-{n}") for n in range(_NEWCOMERS)]
    )


async def _milliseconds(client: AsyncServiceClient, tenant: str) -> float:
    """Run one job, and return its milliseconds from acceptance to end."""
    job = await client.submit("categorization", _ITEM, tenant_id=tenant)
    done = await client.await_job(job.id, tenant_id=tenant)
    if done.latency_ms is None:
        raise NotMeasured(f"a job has ended as {done.status}")
    return done.latency_ms


async def _post(client: AsyncServiceClient, count: int) -> None:
    entry: Entry = {"feature": "categorization", "payload": _ITEM}
    refused = [
        result
        for result in await client.submit_many([entry] * count)
        if isinstance(result, ServiceError)
    ]
    if refused:
        raise NotMeasured(f"the backlog was refused: {refused[0]}")


async def _some_run(system: System) -> None:
    async with system.database() as database:
        running = f"SELECT count(*) >= {_SLOTS} FROM jobs WHERE state = 'running'"  # noqa: S608
        await wait_until(lambda: database.fetchval(running), "all slots were in use", within=60)


async def _clear(system: System) -> None:
    """Cancel the backlog, so that the next round begins at rest; what runs goes on to its end."""
    async with system.database() as database:
        cancelled = "state = 'cancelled', finished_at = now()"
        await database.execute(f"UPDATE jobs SET {cancelled} WHERE state = 'queued'")  # noqa: S608
        idle = "SELECT count(*) = 0 FROM jobs WHERE state = 'running'"
        await wait_until(lambda: database.fetchval(idle), "the system was idle", within=60)
