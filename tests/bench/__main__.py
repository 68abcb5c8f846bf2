"""bin/bench measures, prints the figures, and fails if one is beyond its bound."""

import asyncio
import json
import sys
from typing import Annotated

import typer
from rich.console import Console

from tests.bench import tracing, waiters

MEASUREMENTS = {"tracing": (tracing.measure, 600), "waiters": (waiters.measure, 200)}


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
    found: list[tuple[str, tracing.Overhead | waiters.Waiting]] = []
    for name in [only] if only else MEASUREMENTS:
        measure, usual = MEASUREMENTS[name]
        with Console(stderr=True).status(f"{name} ..."):
            found.append((name, asyncio.run(measure(jobs or usual, rounds))))
    if as_json:
        figures = {name: measured.figures() for name, measured in found}
        sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    else:
        Console().print(*(measured.table() for _, measured in found))
    sys.exit(not all(measured.met for _, measured in found))


if __name__ == "__main__":
    typer.run(bench)
