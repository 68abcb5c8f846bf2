"""`grocery-ai`: what can be done on the command line, and how errors end there."""

import sys
from collections.abc import Callable, Sequence

import typer
from rich.console import Console

from shared.errors import ServiceError
from shared.opt_outs import opt_out_of_reports
from worker.cli.doctor import doctor
from worker.cli.extract import extract
from worker.cli.items import categorize, embed
from worker.cli.remote import cancel, get, list_jobs, queues, retry, submit, watch


def main() -> None:
    """Run the command of sys.argv.

    Exit codes: 0 done, 1 something failed (what, is on stderr), 2 wrong usage.
    """
    opt_out_of_reports()
    app = typer.Typer(
        name="grocery-ai",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        help="Reads grocery receipts and categorises items, here or through a running service.",
    )
    here: Sequence[Callable[..., None]] = (extract, categorize, embed, doctor)
    there: Sequence[Callable[..., None]] = (submit, get, watch, cancel, retry, queues)
    for command in here:
        app.command(rich_help_panel="On this machine")(command)
    for command in there:
        app.command(rich_help_panel="Through a running service")(command)
    app.command("list", rich_help_panel="Through a running service")(list_jobs)
    try:
        app()
    except ServiceError as error:
        Console(stderr=True).print(f"[red]{error.code}[/red]: {error.detail}")
        sys.exit(1)
