"""bin/bench measures, prints the figures, and fails if one is below its bound."""

import asyncio
import json
import sys
from dataclasses import asdict
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from tests.bench import tracing


def bench(
    only: Annotated[
        Literal["tracing"] | None, typer.Option(help="Run only this measurement.")
    ] = None,
    jobs: Annotated[int, typer.Option(help="Jobs in each run.")] = 600,
    rounds: Annotated[int, typer.Option(help="Runs of each kind.")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON to stdout.")] = False,
) -> None:
    """Measure throughput with and without traces.

    The exit code is 1 if traces cost more than they may.
    """
    del only  # there is no other measurement yet
    with Console(stderr=True).status("tracing ..."):
        found = asyncio.run(tracing.measure(jobs, rounds))
    if as_json:
        figures = {**asdict(found), "ratio": found.ratio, "at_least": tracing.AT_LEAST}
        sys.stdout.write(json.dumps({"tracing": figures}, indent=2) + "\n")
    else:
        Console().print(_table(found))
    sys.exit(found.ratio < tracing.AT_LEAST)


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
