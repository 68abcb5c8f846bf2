"""Measures the way of a job that does nothing, through HTTP, Postgres and Redis and back.

A loader submits each job and waits for its end. Round trips are counted on the wire in a run of
their own, since counting takes time.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.anchors.queues import QUICK_ARQ
from tests.bench.bench import Bench
from tests.bench.figures import Figure, milliseconds, number, percentile, rate
from tests.bench.jobs.commits import flushed_commits
from tests.bench.loader.asking import CONCURRENCY, jobs_per_second, load
from tests.bench.running.system import System

_WARM_UP = 100
# Seconds. Postgres reports what an idle connection did within ten.
_IDLE = 11
_MEAN_PAUSE = 0.15


async def measure(bench: Bench) -> Sequence[Figure]:
    """Measure throughput against bare arq, how soon one job alone has ended, and round trips."""
    return [*await _speed(bench), *await _cost(bench)]


async def _speed(bench: Bench) -> list[Figure]:
    arq, polled, preferred, medians, slowest = [], [], [], [], []
    count = bench.count(600)
    async with bench.system() as system:
        await jobs_per_second(system, bench.count(_WARM_UP))
        for number_ in range(bench.rounds):
            bench.note(f"path: round {number_ + 1}: arq")
            redis = system.env["REDIS_URL"]
            arq.append(await QUICK_ARQ.jobs_per_second(redis, bench.count(2000, least=10)))
            bench.note(f"path: round {number_ + 1}: {CONCURRENCY} jobs at a time")
            polled.append(await jobs_per_second(system, count, "poll"))
            preferred.append(await jobs_per_second(system, count, "prefer"))
            bench.note(f"path: round {number_ + 1}: jobs at random times")
            found = await load(
                system,
                "arrivals",
                count=bench.count(200, least=3),
                mean=_MEAN_PAUSE,
                seed=number_,
                form="poll",
            )
            medians.append(percentile(found["ms"], 50))
            slowest.append(percentile(found["ms"], 99))
    at_once = f"{CONCURRENCY} at a time"
    return [
        Figure.ratio(
            "one by one with long poll ÷ bare arq",
            polled,
            arq,
            anchor="arq at 20 ms, jobs/s",
            goal=0.25,
        ),
        Figure.ratio("with Prefer: wait ÷ bare arq", preferred, arq, anchor="arq at 20 ms, jobs/s"),
        rate(f"POST, then GET ?wait, {at_once}", polled),
        rate(f"POST with Prefer: wait, {at_once}", preferred),
        milliseconds("idle, at random times: p50", medians, goal=10),
        milliseconds("idle, at random times: p99", slowest, goal=25),
    ]


@dataclass(frozen=True)
class _Cost:
    """What one job took, of one run."""

    postgres_trips: float
    statements: float
    redis_trips: float
    commands: float
    flushes: float


async def _cost(bench: Bench) -> list[Figure]:
    """Count what a job takes, alone and among others."""
    alone, among = [], []
    async with bench.system(counted=True) as system:
        await jobs_per_second(system, bench.count(_WARM_UP))
        bench.note("path: what an idle system sends")
        idle = await _idle_trips(system, bench.seconds(_IDLE, least=2))
        for number_ in range(bench.rounds):
            bench.note(f"path: round {number_ + 1}: round trips")
            alone.append(await _counted(system, idle, bench.count(100), 1))
            count = bench.count(300)
            among.append(await _counted(system, idle, count, CONCURRENCY))
    figures = []
    for name, costs, goals in (
        ("a job alone", alone, (6, 4, 2)),
        (f"a job, {CONCURRENCY} at a time", among, (None, None, None)),
    ):
        figures += [
            number(
                f"{name}: Postgres round trips", [c.postgres_trips for c in costs], "", goals[0]
            ),
            number(f"{name}: Redis round trips", [c.redis_trips for c in costs], "", goals[1]),
            number(f"{name}: flushed commits", [c.flushes for c in costs], "", goals[2]),
            number(f"{name}: statements", [c.statements for c in costs]),
            number(f"{name}: Redis commands", [c.commands for c in costs]),
        ]
    return figures


async def _counted(system: System, idle: list[float], count: int, concurrency: int) -> _Cost:
    """Run jobs, and return what each took beyond what an idle system sends in the same time."""
    flushes = await flushed_commits(system)
    # Counting flushes has ended the connections; those that take their place prepare statements.
    again = max(count // 4, 2)
    await jobs_per_second(system, again, "poll", concurrency)
    before, begin = _totals(system), asyncio.get_running_loop().time()
    await jobs_per_second(system, count, "poll", concurrency)
    took = asyncio.get_running_loop().time() - begin
    counted = [
        (now - then - rest * took) / count
        for now, then, rest in zip(_totals(system), before, idle, strict=True)
    ]
    postgres_trips, statements, redis_trips, commands = counted
    after = await flushed_commits(system)
    return _Cost(
        postgres_trips, statements, redis_trips, commands, (after - flushes) / (count + again)
    )


async def _idle_trips(system: System, seconds: float) -> list[float]:
    """Return what an idle system sends in a second, in the order of `_totals`."""
    before = _totals(system)
    await asyncio.sleep(seconds)
    return [(now - then) / seconds for now, then in zip(_totals(system), before, strict=True)]


def _totals(system: System) -> list[int]:
    """Return the round trips and statements of Postgres, then those of Redis, of all processes."""
    wires = system.wires.values()
    return [
        sum(wire.postgres.trips for wire in wires),
        sum(wire.postgres.requests for wire in wires),
        sum(wire.redis.trips for wire in wires),
        sum(wire.redis.requests for wire in wires),
    ]
