"""Measures whether memory grows with the number of jobs that a front and a worker have done."""

from collections.abc import Mapping, Sequence

from shared.local import stack
from tests.bench.bench import Bench
from tests.bench.figures import Figure
from tests.bench.loader.asking import jobs_per_second
from tests.bench.pipeline.images import receipt_files
from tests.bench.pipeline.submitting import read_receipts
from tests.bench.running.system import System
from tests.bench.upkeep.resources import megabytes, peak_of_children

# Jobs after which caches and pools are filled, and jobs of a round.
_WARM_UP = 1000
_JOBS = 10_000
_RECEIPTS = 20


async def measure(bench: Bench) -> Sequence[Figure]:
    """Measure jobs that do nothing, and then receipts with the default engine."""
    receipts = {"FEATURE_LOADER": "", "WORKER_QUEUES": "receipts", "RECEIPT_SLOTS": "1"}
    return [
        *await measure_growth(bench, bench.count(_WARM_UP), bench.count(_JOBS)),
        *await measure_child(bench, receipts, bench.count(_RECEIPTS)),
    ]


async def measure_growth(bench: Bench, warm_up: int, jobs: int) -> Sequence[Figure]:
    """Run `warm_up` jobs, and then `jobs` jobs in each round, through the same processes."""
    growth: dict[str, list[float]] = {"front": [], "worker": []}
    async with bench.system() as system:
        bench.note(f"memory: {warm_up} jobs")
        await jobs_per_second(system, warm_up)
        after_warm_up = before = _now(system)
        for number in range(bench.rounds):
            bench.note(f"memory: round {number + 1}: {jobs} jobs")
            await jobs_per_second(system, jobs)
            now = _now(system)
            for part, values in growth.items():
                values.append((now[part] - before[part]) * _JOBS / jobs)
            before = now
    done = f"{warm_up + bench.rounds * jobs:,} jobs"
    return [
        figure
        for part, values in growth.items()
        for figure in (
            _size(f"{part} after {warm_up:,} jobs", [after_warm_up[part]]),
            _size(f"{part} after {done}", [before[part]]),
            _size(f"{part}: growth for each 10,000 jobs", values, goal=5),
        )
    ]


async def measure_child(bench: Bench, env: Mapping[str, str], count: int) -> Sequence[Figure]:
    """Read receipts in a worker with the settings of `env`; find the most memory of its child."""
    files = receipt_files(bench.receipts, bench.folder / "receipts", count)
    async with bench.system(env) as system:
        bench.note(f"memory: {count} receipts")
        await read_receipts(system, files)
        peak = peak_of_children(system.workers[0])
    return [_size("recognition child: most at any time", [peak], goal=600)]


def _now(system: System) -> dict[str, float]:
    front, (worker, *_) = system.front, system.workers
    assert front is not None
    parts: dict[str, stack.Popen] = {"front": front, "worker": worker}
    return {part: megabytes(process) for part, process in parts.items()}


def _size(name: str, values: Sequence[float], goal: float | None = None) -> Figure:
    rounded = [round(value, 1) for value in values]
    return Figure(name=name, values=rounded, unit="MB", better="lower", goal=goal)
