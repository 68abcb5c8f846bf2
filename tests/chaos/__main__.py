"""bin/chaos runs scenarios, prints what became of the jobs, and fails if one was lost."""

import asyncio
import json
import shutil
import subprocess
import sys
from dataclasses import asdict
from functools import partial
from typing import Annotated

import asyncpg
import httpx
import typer
from redis.exceptions import RedisError
from rich.console import Console

from shared.local.processes import LocalError
from tests.chaos.catalogue import NEEDS, SCENARIOS
from tests.chaos.cluster import LOGS
from tests.chaos.plan import Plan
from tests.chaos.report import Report, table

# What a scenario may raise that finds something else than it expects.
_PROBLEMS = (
    AssertionError,
    LocalError,
    OSError,
    RuntimeError,
    ValueError,
    RedisError,
    asyncpg.PostgresError,
    httpx.HTTPError,
    subprocess.SubprocessError,
)
QUICK = {"LEASE": "3", "HEARTBEAT": "0.5", "RECONCILE_INTERVAL": "0.3"}


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

    The exit code is 1 if a promise was broken: if a job was lost, failed for no reason or succeeded
    twice, if a caller waited too long for an answer, or a job for its rescue.
    """
    unknown = set(scenarios or ()) - set(SCENARIOS)
    if unknown:
        raise typer.BadParameter(f"no such scenario: {', '.join(sorted(unknown))}")
    plan = quick_plan(seed) if quick else Plan(seed, 320, 22, {})
    screen = Console(stderr=True)
    reports: list[Report] = []
    for name in filter(partial(_can_run, screen), scenarios or SCENARIOS):
        with screen.status(f"{name} ..."):
            reports.append(_carry_out(name, plan))
        notes = "".join(f", {what} {value}" for what, value in reports[-1].notes.items())
        faults = "; ".join(reports[-1].faults()) or "nothing"
        screen.print(f"{name}: found {faults}{notes}")
    if as_json:
        sys.stdout.write(json.dumps([asdict(report) for report in reports], indent=2) + "\n")
    else:
        Console(width=200).print(table(reports))
    if any(report.faults() for report in reports):
        sys.exit(1)


def quick_plan(seed: int) -> Plan:
    """Return a plan with short leases and few jobs."""
    return Plan(seed, 40, 3, QUICK, outage=4.5, trouble=2.5)


def _carry_out(name: str, plan: Plan) -> Report:
    """Carry a scenario out; one that cannot be carried out to its end is a fault of its own.

    The logs of a scenario with faults are kept in .data/chaos/, in a folder with its name.
    """
    try:
        report = asyncio.run(SCENARIOS[name](plan))
    except _PROBLEMS as error:
        report = Report(name, problem=f"{type(error).__name__}: {error}")
    if LOGS.exists():
        kept = LOGS.with_name(name)
        shutil.rmtree(kept, ignore_errors=True)
        LOGS.rename(kept)
    return report


def _can_run(screen: Console, name: str) -> bool:
    """Return whether there is what a scenario needs; say so if there is not."""
    missing = NEEDS[name]() if name in NEEDS else None
    if missing:
        screen.print(f"{name}: left out, {missing}")
    return missing is None


if __name__ == "__main__":
    typer.run(chaos)
