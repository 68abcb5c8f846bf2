"""Measures how soon an item is categorised while a worker reads receipts, and hundreds wait."""

from collections.abc import Mapping, Sequence

from tests.bench.bench import Bench
from tests.bench.figures import Figure, milliseconds, percentile
from tests.bench.loader.asking import load
from tests.bench.pipeline.images import receipt_files
from tests.bench.pipeline.submitting import submit_receipts
from tests.bench.running.system import System
from tests.support.waiting import wait_until

# As many children as there are cores to read receipts with.
_SLOTS = 2
_RECEIPTS = 500
_ITEMS = 100
_MEAN_PAUSE = 0.15


async def measure(bench: Bench) -> Sequence[Figure]:
    """Measure with the engines that a worker has by default."""
    return await measure_behind(
        bench,
        bench.count(_RECEIPTS),
        {"FEATURE_LOADER": "", "WORKER_QUEUES": "receipts,items", "RECEIPT_SLOTS": str(_SLOTS)},
    )


async def measure_behind(bench: Bench, receipts: int, env: Mapping[str, str]) -> Sequence[Figure]:
    """Categorise items one at a time, at random times, behind `receipts` receipts that wait."""
    medians, slow = [], []
    async with bench.system(env) as system:
        # The first of either kind waits for the models.
        await load(system, "jobs", count=bench.count(20), form="prefer", concurrency=1)
        await submit_receipts(
            system, receipt_files(bench.receipts, bench.folder / "receipts", receipts)
        )
        await _some_run(system)
        for number in range(bench.rounds):
            bench.note(f"mixed: round {number + 1}")
            found = await load(
                system,
                "arrivals",
                count=bench.count(_ITEMS, least=3),
                mean=_MEAN_PAUSE,
                seed=number,
                form="prefer",
            )
            medians.append(percentile(found["ms"], 50))
            slow.append(percentile(found["ms"], 95))
    return [
        milliseconds(f"an item behind {receipts} receipts: p95", slow, goal=60),
        milliseconds(f"an item behind {receipts} receipts: p50", medians),
    ]


async def _some_run(system: System) -> None:
    """Wait until receipts are read."""
    async with system.database() as database:
        running = """SELECT count(*) > 0 FROM jobs
                     WHERE queue = 'receipts' AND state IN ('running', 'succeeded')"""
        await wait_until(lambda: database.fetchval(running), "receipts were read", within=120)
