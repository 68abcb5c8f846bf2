"""Measures several fronts and as many workers on the same servers.

More processes than cores do not make more jobs. What they may not do is to cost more for each.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from shared.local import stack
from tests.bench.bench import Bench
from tests.bench.figures import Figure, milliseconds, rate
from tests.bench.loader.asking import CONCURRENCY, jobs_per_second
from tests.bench.running.system import System, cpu_seconds
from tests.bench.upkeep.resources import server_cpu


async def measure_copies(bench: Bench, copies: Sequence[int], jobs: int) -> Sequence[Figure]:
    """Run `jobs` jobs a round with each number of fronts and workers, beginning with 1."""
    paces: dict[int, list[float]] = {number: [] for number in copies}
    costs: dict[int, list[float]] = {number: [] for number in copies}
    for number in copies:
        async with bench.system(workers=number) as system:
            fronts = await _fronts(system, number)
            await _run(system, fronts, jobs // 4)
            for round_ in range(bench.rounds):
                bench.note(f"scale: {number} fronts and workers: round {round_ + 1}")
                before = await _cpu(system, fronts)
                paces[number].append(await _run(system, fronts, jobs))
                costs[number].append((await _cpu(system, fronts) - before) * 1000 / jobs)
    most = max(copies)
    return [
        *(rate(f"jobs a second, fronts and workers: {number}", paces[number]) for number in copies),
        *(
            milliseconds(f"CPU of a job, fronts and workers: {number}", costs[number])
            for number in copies
        ),
        Figure.ratio(
            f"CPU of a job: {most} ÷ 1 front and worker",
            costs[most],
            costs[copies[0]],
            anchor="one front and worker, ms",
            better="lower",
        ),
    ]


async def _fronts(system: System, number: int) -> list[tuple[str, stack.Popen]]:
    """Start the rest of `number` fronts; return the URL and the process of each."""
    assert system.front is not None
    fronts = [(system.url, system.front)]
    for _ in range(number - 1):
        other = replace(system)
        await asyncio.to_thread(other.start_front)
        assert other.front is not None
        fronts.append((other.url, other.front))
    return fronts


async def _run(system: System, fronts: Sequence[tuple[str, stack.Popen]], jobs: int) -> float:
    """Run jobs through all fronts at the same time; return how many ended in a second."""
    share, concurrency = max(2, jobs // len(fronts)), max(1, CONCURRENCY // len(fronts))
    paces = await asyncio.gather(
        *(
            jobs_per_second(replace(system, url=url), share, "poll", concurrency)
            for url, _ in fronts
        )
    )
    return sum(paces)


async def _cpu(system: System, fronts: Sequence[tuple[str, stack.Popen]]) -> float:
    """Return the CPU seconds of all processes, and of the servers."""
    processes = [*(front for _, front in fronts), *system.workers]
    return sum(map(cpu_seconds, processes)) + sum((await server_cpu(system)).values())
