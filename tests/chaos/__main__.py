"""bin/chaos runs scenarios, prints what became of the jobs, and fails if one was lost."""

import asyncio
import json
import sys
from dataclasses import asdict
from functools import partial
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tests.chaos.audit import Report
from tests.chaos.plan import Plan
from tests.chaos.scenarios import NEEDS, SCENARIOS
from tests.support.plugins.left_out import program_path

QUICK = {"LEASE": "2", "HEARTBEAT": "0.5", "RECONCILE_INTERVAL": "0.3"}


def chaos(
    scenarios: Annotated[
        list[str] | None, typer.Argument(help=f"All by default: {', '.join(SCENARIOS)}")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the random numbers.")] = 1,
    quick: Annotated[
        bool, typer.Option("--quick", help="Use short leases and fewer jobs.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON to stdout.")] = False,
) -> None:
    """Break the system on purpose, in every way we know, and count the jobs that were lost.

    The exit code is 1 if a job was lost or succeeded twice.
    """
    unknown = set(scenarios or ()) - set(SCENARIOS)
    if unknown:
        raise typer.BadParameter(f"no such scenario: {', '.join(sorted(unknown))}")
    plan = Plan(seed, 40, 3, QUICK) if quick else Plan(seed, 320, 22, {})
    screen = Console(stderr=True)
    reports: list[Report] = []
    for name in filter(partial(_can_run, screen), scenarios or SCENARIOS):
        with screen.status(f"{name} ..."):
            reports.append(asyncio.run(SCENARIOS[name](plan)))
        notes = "".join(f", {what} {value}" for what, value in reports[-1].notes.items())
        screen.print(f"{name}: lost {reports[-1].lost}{notes}")
    if as_json:
        sys.stdout.write(json.dumps([asdict(report) for report in reports], indent=2) + "\n")
    else:
        Console(width=130).print(_table(reports))
    if any(report.lost or report.duplicated_results for report in reports):
        sys.exit(1)


def _can_run(screen: Console, name: str) -> bool:
    """Return whether the program that a scenario needs is installed; say so if it is not."""
    missing = name in NEEDS and program_path(NEEDS[name]) is None
    if missing:
        screen.print(f"{name}: left out, {NEEDS[name]} is not installed")
    return not missing


def _table(reports: list[Report]) -> Table:
    table = Table(title="What became of the jobs")
    for name in ("Scenario", "Accepted", "Succeeded", "Failed", "Lost", "Twice", "Rescue s"):
        table.add_column(name, no_wrap=name == "Scenario")
    table.add_column("Attempts by outcome")
    for report in reports:
        numbers = (
            report.accepted,
            report.succeeded,
            report.failed,
            report.lost,
            report.duplicated_results,
        )
        rescue = "" if report.slowest_rescue is None else f"{report.slowest_rescue:.1f}"
        attempts = ", ".join(f"{how} {count}" for how, count in report.attempts.items())
        table.add_row(report.scenario, *map(str, numbers), rescue, attempts)
    return table


if __name__ == "__main__":
    typer.run(chaos)
