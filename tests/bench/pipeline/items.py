"""Measures categorisations, many at a time, against the bare model in batches."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from shared.contracts.categories import COMMON_LABELS
from tests.bench.bench import Bench
from tests.bench.figures import Figure, milliseconds, percentile, rate
from tests.bench.loader.asking import CONCURRENCY, load
from tests.bench.running.processes import ask
from tests.bench.running.system import System, cpu_seconds

_ITEMS = 1000
_QUALITIES = ("organic", "frozen", "fresh", "sliced", "low fat", "unsalted", "smoked", "whole")
_GROCERIES = (
    "milk",
    "bread",
    "chicken breast",
    "cheddar cheese",
    "orange juice",
    "bananas",
    "basmati rice",
    "tomatoes",
    "salmon fillets",
    "peanut butter",
    "yoghurt",
    "spinach",
)


async def measure(bench: Bench) -> Sequence[Figure]:
    """Measure with the built-in classifier."""
    # Without a value, as many slots as share a call of the model.
    env = {"FEATURE_LOADER": "", "ITEM_SLOTS": ""}
    return await measure_with(bench, env, bench.count(_ITEMS))


async def measure_with(bench: Bench, env: Mapping[str, str], count: int) -> Sequence[Figure]:
    """Categorise `count` names a round, each in a job of its own, and embed the same names."""
    ours, bares, slow, cpu, bare_cpu = [], [], [], [], []
    async with bench.system(env) as system:
        await _categorised(system, _names("warm-up", bench.count(100)))
        for number in range(bench.rounds):
            bench.note(f"items: round {number + 1}")
            names = _names(f"no. {number}", count)
            order = {"kind": "texts", "texts": names, "together": CONCURRENCY}
            bare = await ask("tests.bench.pipeline", order)
            bares.append(count / bare["seconds"])
            bare_cpu.append(bare["cpu_seconds"] * 1000 / count)
            before = cpu_seconds(system.workers[0])
            found = await _categorised(system, names)
            cpu.append((cpu_seconds(system.workers[0]) - before) * 1000 / count)
            ours.append(count / found["seconds"])
            slow.append(percentile(found["ms"], 95))
    return [
        Figure.ratio(
            f"{CONCURRENCY} at a time ÷ bare model",
            ours,
            bares,
            anchor=f"the embedder with {CONCURRENCY} names in a call, names/s",
            goal=0.6,
        ),
        Figure.ratio(
            "CPU of the worker ÷ bare model",
            cpu,
            bare_cpu,
            anchor="the embedder, CPU ms of a name",
            better="lower",
        ),
        rate(f"categorisations, {CONCURRENCY} at a time", ours, "1/s"),
        milliseconds(f"a categorisation among {CONCURRENCY}: p95", slow),
        milliseconds("CPU of the worker for a categorisation", cpu),
    ]


async def _categorised(system: System, names: Sequence[str]) -> dict[str, Any]:
    return await load(
        system, "jobs", count=len(names), form="prefer", names=names, labels=COMMON_LABELS
    )


def _names(series: str, count: int) -> list[str]:
    """Return names of which no two are the same, and none is in another series."""
    known = [" ".join(words) for words in product(_QUALITIES, _GROCERIES)]
    return [f"{known[n % len(known)]} {series} {n // len(known)}" for n in range(count)]
