"""bin/bench measures, prints the figures, and fails if one is beyond its bound."""

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Protocol

import typer
from rich.console import Console
from rich.table import Table

from tests.bench import connections, tracing, waiters


class Found(Protocol):
    """What a measurement found."""

    @property
    def passed(self) -> bool:
        """Whether every figure reaches its bound."""

    def figures(self) -> dict[str, object]:
        """Return the figures for JSON."""

    def table(self) -> Table:
        """Return the figures for people."""


# Each takes the number of jobs and of rounds, and has a usual number of jobs.
MEASUREMENTS: dict[str, tuple[Callable[[int, int], Coroutine[Any, Any, Found]], int]] = {
    "tracing": (tracing.measure, 600),
    "waiters": (waiters.measure, 200),
    "connections": (lambda _jobs, _rounds: connections.measure(), 0),
}


def bench(
    only: Annotated[
        str | None, typer.Option(help=f"Run only this measurement: {', '.join(MEASUREMENTS)}.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(help="Jobs in each run: 600 for tracing, 200 for waiters.")
    ] = None,
    rounds: Annotated[int, typer.Option(help="Runs of each kind.")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON to stdout.")] = False,
) -> None:
    """Measure what the system costs and bears.

    `tracing` is the throughput with traces over that without. `waiters` is how soon callers learn
    of the end of a job, in milliseconds, with hundreds of callers. `connections` counts the
    requests that fail on connections which were idle. The exit code is 1 if a figure misses its
    bound.
    """
    if only is not None and only not in MEASUREMENTS:
        names = ", ".join(MEASUREMENTS)
        raise typer.BadParameter(f"{only!r} is none of: {names}", param_hint="--only")
    found = {}
    for name in [only] if only else MEASUREMENTS:
        measure, usual = MEASUREMENTS[name]
        with Console(stderr=True).status(f"{name} ..."):
            found[name] = asyncio.run(measure(jobs or usual, rounds))
    if as_json:
        figures = {name: measured.figures() for name, measured in found.items()}
        sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    else:
        Console().print(*(measured.table() for measured in found.values()))
    sys.exit(not all(measured.passed for measured in found.values()))


if __name__ == "__main__":
    typer.run(bench)
