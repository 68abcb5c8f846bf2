"""Has a loader carry out orders against a system."""

from typing import Any

from tests.bench.running.processes import ask
from tests.bench.running.system import TENANT, System

# Jobs that are under way at the same time where that is not said otherwise.
CONCURRENCY = 32


async def load(system: System, kind: str, **order: Any) -> dict[str, Any]:
    """Carry out one order in a process of its own: see `orders` for the kinds and their fields."""
    common = {"kind": kind, "url": system.url, "tenant": TENANT, "concurrency": CONCURRENCY}
    return await ask("tests.bench.loader", {**common, **order})


async def jobs_per_second(
    system: System,
    count: int,
    form: str = "poll",
    concurrency: int = CONCURRENCY,
    token: str | None = None,
) -> float:
    """Run `count` jobs, each to its end; return how many ended in a second."""
    found = await load(system, "jobs", count=count, form=form, concurrency=concurrency, token=token)
    return float(count / found["seconds"])
