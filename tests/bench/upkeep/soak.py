"""Measures whether anything grows or slows down while a system works for minutes."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, linear_regression
from typing import Any

from shared.local import stack
from tests.bench.bench import Bench
from tests.bench.figures import Figure, milliseconds, number, percentile
from tests.bench.loader.asking import load
from tests.bench.pipeline.images import receipt_files
from tests.bench.pipeline.submitting import read_receipts, receipt_body
from tests.bench.running.system import System
from tests.bench.upkeep.resources import connections, descriptors, megabytes

# Jobs a second: less than half of what two cores do.
_ITEMS, _RECEIPTS = 10.0, 0.2
# The time is divided into so many windows, of which the first fifth is a warm-up.
_WINDOWS = 20
_PARTS = ("front", "worker")


@dataclass(frozen=True)
class Window:
    """What a part of the time showed, and what the processes held at its end."""

    hours: float
    items_ms: list[float]
    failures: list[str]
    memory: Mapping[str, float]
    descriptors: int
    connections: int


async def measure(bench: Bench) -> Sequence[Figure]:
    """Measure items and receipts at the same time, with the default engines."""
    env = {"FEATURE_LOADER": "", "WORKER_QUEUES": "receipts,items", "RECEIPT_SLOTS": "1"}
    return await measure_soak(bench, env, bench.seconds(bench.minutes * 60) / _WINDOWS, _WINDOWS)


async def measure_soak(
    bench: Bench, env: Mapping[str, str], seconds: float, windows: int
) -> Sequence[Figure]:
    """Keep a system with the settings of `env` busy for `windows` times `seconds`."""
    found = []
    (file,) = receipt_files(bench.receipts, bench.folder / "receipts", 1)
    async with bench.system(env) as system:
        await read_receipts(system, [file])
        begin = asyncio.get_running_loop().time()
        for place in range(windows):
            bench.note(f"soak: {place + 1} of {windows}")
            found.append(await _window(system, receipt_body(file.read_bytes()), seconds, begin))
    return figures(found)


async def _window(
    system: System, receipt: Mapping[str, object], seconds: float, begin: float
) -> Window:
    """Submit jobs for `seconds`, each with a caller who waits for its end."""
    common: dict[str, Any] = {"seconds": seconds, "tolerant": True, "form": "poll"}
    items, receipts = await asyncio.gather(
        load(system, "pace", per_second=_ITEMS, **common),
        load(
            system,
            "pace",
            per_second=max(_RECEIPTS, 1 / seconds),
            feature=receipt["feature"],
            payload=receipt["payload"],
            **common,
        ),
    )
    assert system.front is not None
    processes: dict[str, stack.Popen] = {"front": system.front, "worker": system.workers[0]}
    return Window(
        hours=(asyncio.get_running_loop().time() - begin) / 3600,
        items_ms=items["ms"],
        failures=items["failures"] + receipts["failures"],
        memory={part: megabytes(process) for part, process in processes.items()},
        descriptors=sum(map(descriptors, processes.values())),
        connections=await connections(system),
    )


def figures(windows: Sequence[Window]) -> list[Figure]:
    """Return what grew or changed between the early and the late windows, without the warm-up."""
    settled = windows[len(windows) // 5 :]
    third = max(1, len(settled) // 3)
    early, late = settled[:third], settled[-third:]
    slow = [percentile(_items(part), 99) for part in (early, late)]
    return [
        number("jobs that failed", [sum(len(window.failures) for window in windows)], goal=0),
        milliseconds("items: p99", [percentile(_items(settled), 99)]),
        Figure(
            name="items: p99, the last third ÷ the first",
            values=[round(slow[1] / slow[0], 3)],
            better="lower",
        ),
        *(
            Figure(
                name=f"{part}: growth of memory",
                values=[round(_slope(settled, part), 1)],
                unit="MB/h",
                better="lower",
            )
            for part in _PARTS
        ),
        _grown("file descriptors", early, late, lambda window: window.descriptors),
        _grown("connections", early, late, lambda window: window.connections),
    ]


def _items(windows: Sequence[Window]) -> list[float]:
    return [latency for window in windows for latency in window.items_ms]


def _slope(windows: Sequence[Window], part: str) -> float:
    """Return by how many MB the memory of a part grows in an hour; 0 where that cannot be said."""
    if len(windows) < 2:
        return 0.0
    hours = [window.hours for window in windows]
    return linear_regression(hours, [window.memory[part] for window in windows]).slope


def _grown(name: str, early: Sequence[Window], late: Sequence[Window], count: Any) -> Figure:
    grown = fmean(map(count, late)) - fmean(map(count, early))
    return Figure(name=f"{name} more at the end", values=[round(grown, 2)], better="lower")
