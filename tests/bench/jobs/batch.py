"""Measures jobs that are submitted and awaited a hundred at a time, against SAQ's dispatch."""

from collections.abc import Sequence

from tests.bench.anchors.queues import SAQ
from tests.bench.bench import Bench
from tests.bench.figures import Figure, rate
from tests.bench.loader.asking import load
from tests.bench.running.system import System

_PER_CALL = 100
# Batches that are under way at the same time.
_CONCURRENCY = 4
_BATCHES = 40


async def measure(bench: Bench) -> Sequence[Figure]:
    """Run batches through everything."""
    ours, saq = [], []
    batches, jobs = bench.count(_BATCHES), bench.count(_PER_CALL)
    async with bench.system() as system:
        await _jobs_per_second(system, 2, jobs)
        for number in range(bench.rounds):
            bench.note(f"batch: round {number + 1}")
            redis = system.env["REDIS_URL"]
            saq.append(await SAQ.jobs_per_second(redis, bench.count(2000, least=20)))
            ours.append(await _jobs_per_second(system, batches, jobs))
    name = f"batches of {jobs}"
    return [
        Figure.ratio(f"{name} ÷ SAQ", ours, saq, anchor="SAQ's dispatch, jobs/s", goal=0.8),
        rate(f"{name}, {_CONCURRENCY} at a time", ours),
    ]


async def _jobs_per_second(system: System, batches: int, jobs: int) -> float:
    found = await load(system, "batches", count=batches, jobs=jobs, concurrency=_CONCURRENCY)
    return float(batches * jobs / found["seconds"])
