"""bin/bench measures, prints the figures, and fails if one is below its bound."""

import asyncio
import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tests.bench import tracing

MEASUREMENTS = {"tracing": tracing.measure}


def bench(
    only: Annotated[
        str | None, typer.Option(help=f"Run only this measurement: {', '.join(MEASUREMENTS)}.")
    ] = None,
    jobs: Annotated[int, typer.Option(help="Jobs in each run.")] = 600,
    rounds: Annotated[int, typer.Option(help="Runs of each kind.")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON to stdout.")] = False,
) -> None:
    """Measure speed as ratios. `tracing` is the throughput with traces over that without.

    The exit code is 1 if a ratio is below its bound.
    """
    if only is not None and only not in MEASUREMENTS:
        names = ", ".join(MEASUREMENTS)
        raise typer.BadParameter(f"{only!r} is none of: {names}", param_hint="--only")
    found = {}
    for name in [only] if only else MEASUREMENTS:
        with Console(stderr=True).status(f"{name} ..."):
            found[name] = asyncio.run(MEASUREMENTS[name](jobs, rounds))
    if as_json:
        figures = {name: _figures(overhead) for name, overhead in found.items()}
        sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    else:
        Console().print(*map(_table, found.values()))
    sys.exit(any(overhead.ratio < tracing.AT_LEAST for overhead in found.values()))


def _figures(found: tracing.Overhead) -> dict[str, object]:
    return {**asdict(found), "ratio": found.ratio, "at_least": tracing.AT_LEAST}


def _table(found: tracing.Overhead) -> Table:
    table = Table(title=f"Jobs per second ({found.jobs} categorisations per run)")
    for name in ("", "runs"):
        table.add_column(name)
    table.add_row("without traces", ", ".join(map(str, found.without)))
    table.add_row(
        f"traced, {found.spans_per_job:g} spans per job", ", ".join(map(str, found.traced))
    )
    table.add_row("median ratio", f"{found.ratio} (at least {tracing.AT_LEAST})")
    return table


if __name__ == "__main__":
    typer.run(bench)
