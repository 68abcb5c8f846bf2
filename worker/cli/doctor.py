"""`grocery-ai doctor`: find out what is wrong, and what to do about it."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.text import Text

from shared.telemetry.logs import configure_logging
from shared.terminal_tables import titled_table
from worker.cli.diagnosis.finding import Finding
from worker.cli.options import AsJson, print_json

_COLOURS = {"ok": "green", "warning": "yellow", "error": "red"}


def doctor(as_json: AsJson = False) -> None:
    """Check all that the service needs: settings, servers, object store, engines, models, disk.

    The exit code is 1 if something does not work, and 0 if there are only warnings.
    """
    from worker.cli.diagnosis.examination import examine

    configure_logging("WARNING", "console")
    findings = asyncio.run(examine())
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        _print(findings)
    if any(finding.status == "error" for finding in findings):
        sys.exit(1)


def _print(findings: Sequence[Finding]) -> None:
    table = titled_table("")
    for column in ("", "What", "Seen", "What to do"):
        table.add_column(column, overflow="fold")
    for finding in findings:
        mark = Text(finding.status, style=_COLOURS[finding.status])
        table.add_row(mark, finding.name, finding.detail, finding.cure or "")
    Console().print(table)
