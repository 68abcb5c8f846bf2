"""Measures every call beside the same call in a system that has few rows, in the same run."""

import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from tests.bench.bench import Bench
from tests.bench.figures import Figure, milliseconds, percentile
from tests.bench.growth.calls import Call, calls_of, lists
from tests.bench.loader.asking import jobs_per_second
from tests.bench.loader.http import Connection
from tests.bench.running.system import System
from tests.support.postgres.many_jobs import LARGEST, fill
from tests.support.waiting import wait_until

# Calls with a pause before each are made this often at most.
_SELDOM = 12
_GOAL = 1.15
_YEAR = str(365 * 86400)
# Rows of thirty days are not pruned while they are measured, and those that wait keep none out.
_KEPT = {"JOB_RETENTION": _YEAR, "ITEMS_AGE_LIMIT": _YEAR, "RECEIPTS_AGE_LIMIT": _YEAR}


@dataclass(frozen=True)
class _Filled:
    """A system with many rows, a connection to its front, and the calls to make."""

    rows: int
    system: System
    connection: Connection
    calls: Sequence[Call]


async def measure_rows(
    bench: Bench, rows: Sequence[int], times: int, jobs: int = 0
) -> Sequence[Figure]:
    """Measure systems with these numbers of rows side by side, the fewest first.

    Each call is made `times` times in a round. If `jobs` is not 0, so many jobs are run as well.
    """
    async with AsyncExitStack() as everything:
        systems = {}
        for count in rows:
            bench.note(f"scale: {count:,} rows")
            systems[count] = await everything.enter_async_context(bench.system(_KEPT, workers=0))
            await fill(systems[count].env["DATABASE_URL"], count)
        filled: list[_Filled] = []
        limits: dict[str, int] = {}
        # Connections that were idle while the last rows were inserted would be closed.
        for count, system in systems.items():
            connection = await Connection.open(system.url, LARGEST)
            everything.callback(connection.close)
            # All lists are as long as in the system with the fewest rows.
            limits = limits or await _lengths(connection)
            calls = await calls_of(system, connection, limits)
            filled.append(_Filled(count, system, connection, calls))
        figures = await _calls(bench, filled, times)
        return [*figures, *(await _jobs(bench, filled, jobs) if jobs else [])]


async def _lengths(connection: Connection) -> dict[str, int]:
    """Return how many jobs each list has, at least 1."""
    found = {}
    for name, query in lists().items():
        answer = await connection.get(f"/api/v1/jobs?{query}")
        found[name] = max(1, len(json.loads(answer.body)["jobs"]))
    return found


async def _calls(bench: Bench, filled: Sequence[_Filled], times: int) -> list[Figure]:
    names = [call.name for call in filled[0].calls]
    medians: dict[str, list[list[float]]] = {name: [] for name in names}
    for round_ in range(bench.rounds):
        bench.note(f"scale: round {round_ + 1}: calls")
        for place, name in enumerate(names):
            medians[name].append(await _medians(filled, place, times))
    few, many = filled[0].rows, filled[-1].rows
    figures = []
    for name, found in medians.items():
        first, last = [each[0] for each in found], [each[-1] for each in found]
        ratio = Figure.ratio(
            f"{name}: {many:,} ÷ {few:,} rows",
            last,
            first,
            anchor=f"{few:,} rows, ms",
            goal=_GOAL,
            better="lower",
        )
        figures += [ratio, milliseconds(f"{name}, {many:,} rows", last)]
    return figures


async def _medians(filled: Sequence[_Filled], place: int, times: int) -> list[float]:
    """Make a call in every system in turn; return the median of its milliseconds in each."""
    took: list[list[float]] = [[] for _ in filled]
    pause = filled[0].calls[place].pause
    for turn in range(min(times, _SELDOM) if pause else times):
        await asyncio.sleep(pause)
        # Nobody is always the first after a pause.
        for each, latencies in list(zip(filled, took, strict=True))[:: (-1) ** turn]:
            begin = time.perf_counter()
            await each.calls[place].make(each.connection)
            latencies.append((time.perf_counter() - begin) * 1000)
    return [percentile(latencies, 50) for latencies in took]


async def _jobs(bench: Bench, filled: Sequence[_Filled], jobs: int) -> list[Figure]:
    """Run jobs in the systems with the fewest and the most rows, with a worker in each."""
    ends = (filled[0], filled[-1])
    for each in ends:
        each.system.start_worker()
        await _caught_up(each.system)
        await jobs_per_second(each.system, max(2, jobs // 4))
    paces: list[list[float]] = [[], []]
    for round_ in range(bench.rounds):
        bench.note(f"scale: round {round_ + 1}: jobs")
        for each, pace in zip(ends, paces, strict=True):
            pace.append(await jobs_per_second(each.system, jobs))
    few, many = ends[0].rows, ends[1].rows
    return [
        Figure.ratio(
            f"jobs a second: {many:,} ÷ {few:,} rows",
            paces[1],
            paces[0],
            anchor=f"{few:,} rows, jobs/s",
            goal=round(1 / _GOAL, 2),
        )
    ]


async def _caught_up(system: System) -> None:
    """Wait until the worker has run what waited, of the queue that it serves."""
    async with system.database() as database:
        waiting = "SELECT count(*) FROM jobs WHERE state = 'queued' AND queue = 'items'"

        async def none() -> bool:
            return not await database.fetchval(waiting)

        await wait_until(none, "the items had run", within=120, pause=0.2)
