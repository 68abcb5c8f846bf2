"""Measures how long after the end of its job a caller has it, with many callers on one front.

The jobs are ended in Postgres and announced as a worker does it, so that the pace is exact.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import psutil

from tests.bench.bench import Bench
from tests.bench.calls.callers import Caller, callers_of
from tests.bench.calls.ender import Ender, ender_of
from tests.bench.figures import Figure, milliseconds, percentile
from tests.bench.loader.asking import load
from tests.bench.running.system import TENANT, System
from tests.support.waiting import wait_until

# In a second, jobs that end, and jobs that are submitted at the same time.
PACE = 50
_CALLERS = 200


@dataclass
class _Found:
    """The 95th percentiles of the delays in ms, one for each round."""

    waiters: list[float] = field(default_factory=list)
    beside_submissions: list[float] = field(default_factory=list)
    beside_listeners: list[float] = field(default_factory=list)
    listeners: list[float] = field(default_factory=list)
    together: list[float] = field(default_factory=list)


async def measure(bench: Bench) -> Sequence[Figure]:
    """Let callers wait at a front without workers: alone, beside submissions and listeners."""
    callers, found, megabytes = bench.count(_CALLERS, least=5), _Found(), []
    async with bench.system(workers=0) as system, ender_of(system) as ender:
        assert system.front is not None
        front = psutil.Process(system.front.pid)
        # The first calls of a process load what later ones have.
        await _round(ender, system, min(callers, 20), 0)
        for number in range(bench.rounds):
            bench.note(f"wait: round {number + 1}")
            waited, _ = await _round(ender, system, callers, 1 / PACE)
            found.waiters.append(waited)
            async with _submissions(system, callers / PACE):
                waited, _ = await _round(ender, system, callers, 1 / PACE)
            found.beside_submissions.append(waited)
            waited, listened = await _round(ender, system, callers, 1 / PACE, listening=True)
            found.beside_listeners.append(waited)
            found.listeners.append(listened)
            waited, listened = await _round(ender, system, callers, 0, listening=True)
            found.together.append(max(waited, listened))
            megabytes.append(round(front.memory_info().rss / 1e6, 1))
    ends = f"{callers} waiters, {PACE} ends/s"
    return [
        milliseconds(f"{ends}: p95", found.waiters, goal=20),
        milliseconds(
            f"{ends}, {PACE} submissions/s: p95 of the waiters", found.beside_submissions, goal=60
        ),
        milliseconds(f"{ends}, {callers} listeners: p95 of the waiters", found.beside_listeners),
        milliseconds(f"{ends}, {callers} listeners: p95 of the listeners", found.listeners),
        milliseconds(
            f"{callers} waiters, {callers} listeners, all ends together: p95", found.together
        ),
        Figure(name="memory of the front", values=megabytes, unit="MB", better="lower"),
    ]


@asynccontextmanager
async def _submissions(system: System, seconds: float) -> AsyncIterator[None]:
    """Submit jobs from a second before the block begins until after it ends."""
    lead = 1.0
    async with asyncio.TaskGroup() as submitting:
        submitting.create_task(load(system, "pace", per_second=PACE, seconds=seconds + 2 * lead))
        await asyncio.sleep(lead)
        yield


async def _round(
    ender: Ender, system: System, count: int, pause: float, *, listening: bool = False
) -> tuple[float, float]:
    """Return the 95th percentile of the delays of the waiters, and that of the listeners."""
    jobs = await ender.begin(count)
    async with callers_of(system.url, TENANT, jobs, listening=listening) as (waiters, listeners):
        ended = await ender.end(jobs, pause)
        everybody = [*waiters.values(), *listeners.values()]
        await wait_until(
            lambda: all(caller.ended_at for caller in everybody), "all had the end", within=60
        )
    return _slow(waiters, ended), _slow(listeners, ended) if listening else 0.0


def _slow(called: Mapping[UUID, Caller], ended: Mapping[UUID, float]) -> float:
    delays = [((caller.ended_at or 0) - ended[job]) * 1000 for job, caller in called.items()]
    return percentile(delays, 95)
