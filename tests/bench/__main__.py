"""bin/bench measures, prints the figures, and fails if one is beyond its bound."""

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Protocol

import typer
from rich.console import Console
from rich.table import Table

from tests.bench import tracing, waiters


class Found(Protocol):
    """What a measurement found, and whether that is within its bound."""

    @property
    def met(self) -> bool: ...

    def figures(self) -> dict[str, object]: ...

    def table(self) -> Table: ...


# Each measurement, and the number of jobs that it takes if nobody says how many.
MEASUREMENTS: dict[str, tuple[Callable[[int, int], Coroutine[Any, Any, Found]], int]] = {
    "tracing": (tracing.measure, 600),
    "waiters": (waiters.measure, 200),
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
    """Measure what traces cost (`tracing`: the throughput with traces over that without) and how
    soon callers learn of the end of a job (`waiters`: milliseconds, with hundreds of callers).

    The exit code is 1 if a figure is beyond its bound.
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
    sys.exit(not all(measured.met for measured in found.values()))


if __name__ == "__main__":
    typer.run(bench)
