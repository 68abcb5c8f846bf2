"""`grocery-ai doctor`: what is wrong, and what to do about it."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import asdict

from pydantic import ValidationError
from rich.console import Console
from rich.text import Text

from shared.logs import configure_logging
from shared.settings import PipelineSettings, Settings, setting_problems
from shared.tables import titled_table
from worker.cli.options import AsJson, print_json
from worker.diagnosis.broker import check_broker
from worker.diagnosis.database import check_database
from worker.diagnosis.finding import Finding, error, ok, warning
from worker.diagnosis.machine import check_machine

_COLOURS = {"ok": "green", "warning": "yellow", "error": "red"}


def doctor(as_json: AsJson = False) -> None:
    """Look at everything the service needs: settings, Postgres, Redis, engines, models, disk.

    Exits with 1 when something does not work; warnings leave it at 0.
    """
    configure_logging("WARNING", "console")
    findings = asyncio.run(_examine())
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        _print(findings)
    if any(finding.status == "error" for finding in findings):
        sys.exit(1)


async def _examine() -> Sequence[Finding]:
    try:
        settings = Settings()
    except ValidationError as wrong:
        cure = "Set them in the environment; config/example.env has all."
        found = [error("settings", problem, cure) for problem in setting_problems(wrong)]
        broken = {problem["loc"][0] for problem in wrong.errors() if problem["loc"]}
        if broken & set(PipelineSettings.model_fields):
            return found
        return [*found, *await check_machine(PipelineSettings())]
    replaced = [
        warning("settings", f"{old} is no longer read", f"Use {new}.")
        for old, new in settings.replaced.items()
    ]
    parts = await asyncio.gather(
        check_database(settings.database_url.get_secret_value()),
        check_broker(settings.redis_url.get_secret_value()),
        check_machine(settings),
    )
    return [*(replaced or [ok("settings", "complete")]), *(one for part in parts for one in part)]


def _print(findings: Sequence[Finding]) -> None:
    table = titled_table("")
    for column in ("", "What", "Seen", "What to do"):
        table.add_column(column, overflow="fold")
    for finding in findings:
        mark = Text(finding.status, style=_COLOURS[finding.status])
        table.add_row(mark, finding.name, finding.detail, finding.cure or "")
    Console().print(table)
