"""Measures receipts through a running service against the pipeline in a loop on all cores."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

from tests.bench.bench import Bench
from tests.bench.figures import Figure, rate
from tests.bench.pipeline.images import receipt_files
from tests.bench.pipeline.submitting import read_receipts
from tests.bench.running.processes import ask
from tests.bench.running.system import System, cpu_seconds

_CORES = os.cpu_count() or 1
_RECEIPTS = 60


async def measure(bench: Bench) -> Sequence[Figure]:
    """Read the receipts in a child for each core, and in a plain process for each."""
    env = {"FEATURE_LOADER": "", "WORKER_QUEUES": "receipts", "RECEIPT_SLOTS": str(_CORES)}
    return await measure_with(bench, env, bench.count(_RECEIPTS), _CORES)


@dataclass
class _Rounds:
    """Receipts a minute, and CPU seconds of each: the service, and plain processes."""

    ours: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    front_cpu: list[float] = field(default_factory=list)
    bares: list[float] = field(default_factory=list)
    bare_cpu: list[float] = field(default_factory=list)


async def measure_with(
    bench: Bench, env: Mapping[str, str], count: int, processes: int
) -> Sequence[Figure]:
    """Measure `count` receipts in a system with the settings of `env`, and in plain processes."""
    files = receipt_files(bench.receipts, bench.folder / "receipts", count)
    rounds = _Rounds()
    async with bench.system(env) as system:
        # The first ones wait for the engine.
        await read_receipts(system, files[:processes])
        for number in range(bench.rounds):
            bench.note(f"ocr: round {number + 1}: {count} receipts through the service")
            await _service(system, files, rounds)
            bench.note(f"ocr: round {number + 1}: {count} receipts in {processes} plain processes")
            order = {"kind": "receipts", "files": [*map(str, files)], "processes": processes}
            found = await ask("tests.bench.pipeline", order)
            rounds.bares.append(count / found["seconds"] * 60)
            rounds.bare_cpu.append(found["cpu_seconds"] / count)
    return _figures(rounds, processes, files)


async def _service(system: System, files: Sequence[Path], rounds: _Rounds) -> None:
    front, workers = system.front, system.workers
    assert front is not None
    before = cpu_seconds(front), sum(map(cpu_seconds, workers))
    seconds = await read_receipts(system, files)
    of_front = cpu_seconds(front) - before[0]
    of_workers = sum(map(cpu_seconds, workers)) - before[1]
    rounds.ours.append(len(files) / seconds * 60)
    rounds.cpu.append((of_front + of_workers) / len(files))
    rounds.front_cpu.append(of_front / len(files))


def _figures(rounds: _Rounds, processes: int, files: Sequence[Path]) -> list[Figure]:
    anchor = f"the pipeline in {processes} processes"
    megabytes = fmean(file.stat().st_size for file in files) / 1e6
    return [
        Figure.ratio(
            "service ÷ pipeline in a loop",
            rounds.ours,
            rounds.bares,
            anchor=f"{anchor}, 1/min",
            goal=0.96,
        ),
        Figure.ratio(
            "CPU of a receipt ÷ in a loop",
            rounds.cpu,
            rounds.bare_cpu,
            anchor=f"{anchor}, CPU s",
            better="lower",
        ),
        rate("receipts a minute", rounds.ours, "1/min").model_copy(update={"goal": 80}),
        _of("CPU of a receipt", rounds.cpu, "s", goal=1.3),
        _of("CPU of the front for a receipt", rounds.front_cpu, "s"),
        # It decides what Postgres has to keep.
        _of("size of an image", [megabytes], "MB"),
    ]


def _of(name: str, values: Sequence[float], unit: str, goal: float | None = None) -> Figure:
    rounded = [round(value, 4) for value in values]
    return Figure(name=name, values=rounded, unit=unit, better="lower", goal=goal)
