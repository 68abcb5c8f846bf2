"""Measures where the time of a job that does nothing goes.

Three runs answer that: spans of jobs that are alone, the CPU time of each process without traces or
profiler, and a profile that divides the CPU time of the front and the worker.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from tests.bench.bench import Bench
from tests.bench.figures import Figure, milliseconds
from tests.bench.loader.asking import CONCURRENCY, jobs_per_second, load
from tests.bench.parts.profiles import shares
from tests.bench.parts.spans import timed_spans
from tests.bench.running.system import System, cpu_seconds
from tests.bench.upkeep.resources import server_cpu
from tests.support.telemetry.span_collector import span_collector

_ALONE = 100
_JOBS = 600
_WARM_UP = 50
_MEAN_PAUSE = 0.1


async def measure(bench: Bench) -> Sequence[Figure]:
    """Measure spans, then processes, then shares."""
    return [
        *await measure_spans(bench),
        *await measure_processes(bench),
        *await measure_profiles(bench),
    ]


async def measure_spans(bench: Bench) -> list[Figure]:
    """Return when each span of a lone job begins, and how long it takes: medians."""
    with span_collector() as received:
        collected = {"OTEL_ENABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": received.endpoint}
        async with bench.system(collected) as system:
            for number in range(bench.rounds):
                bench.note(f"parts: round {number + 1}: spans")
                count = bench.count(_ALONE, least=5)
                pauses = {"mean": _MEAN_PAUSE, "seed": number}
                await load(system, "arrivals", count=count, form="prefer", **pauses)
            # What was not sent yet is sent when they stop.
            await asyncio.to_thread(system.processes.close)
    return [
        figure
        for name, timed in timed_spans(received.spans).items()
        for figure in (
            milliseconds(f"{name}: begins after", [timed.begin]),
            milliseconds(f"{name}: takes", [timed.took]),
        )
    ]


async def measure_processes(bench: Bench) -> list[Figure]:
    """Return the CPU time that each process takes for a job, of many at a time."""
    costs: dict[str, list[float]] = {}
    count = bench.count(_JOBS)
    async with bench.system() as system:
        await jobs_per_second(system, bench.count(_WARM_UP))
        for number in range(bench.rounds):
            bench.note(f"parts: round {number + 1}: CPU")
            before = await _cpu(system)
            await jobs_per_second(system, count)
            for part, seconds in (await _cpu(system)).items():
                costs.setdefault(part, []).append((seconds - before[part]) * 1000 / count)
    return [
        milliseconds(f"CPU of a job, {CONCURRENCY} at a time: {part}", values)
        for part, values in costs.items()
    ]


async def _cpu(system: System) -> dict[str, float]:
    assert system.front is not None
    ours = {"front": cpu_seconds(system.front), "worker": cpu_seconds(system.workers[0])}
    return {**ours, **await server_cpu(system)}


async def measure_profiles(bench: Bench) -> list[Figure]:
    """Return which share of their CPU time the front and the worker spend on what, in percent."""
    bench.note("parts: profiles")
    folder = bench.folder / "parts"
    folder.mkdir(exist_ok=True)
    async with replace(bench, profiles=folder).system({"LOG_LEVEL": "INFO"}) as system:
        await jobs_per_second(system, bench.count(_JOBS))
    figures = []
    for part in ("front", "worker"):
        found = [shares(file) for file in sorted(folder.glob(f"{part}-*.prof"))]
        figures += [
            Figure(
                name=f"share of the {part}: {kind}",
                values=[round(median(each.get(kind, 0.0) for each in found), 1)],
                unit="%",
                better="lower",
            )
            for kind in found[0]
        ]
    return figures
