"""`grocery-ai`: what can be done on the command line, and how errors end there."""

import sys

import typer
from rich.console import Console

from shared.errors import ServiceError
from worker.cli.doctor import doctor
from worker.cli.extract import extract
from worker.cli.items import categorize, embed


def main() -> None:
    """Run the command of sys.argv.

    Exit codes: 0 done, 1 something failed (what, is on stderr), 2 wrong usage.
    """
    app = typer.Typer(
        name="grocery-ai",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        help="Reads grocery receipts and categorises items, here or through a running service.",
    )
    for command in (extract, categorize, embed, doctor):
        app.command()(command)
    try:
        app()
    except ServiceError as error:
        Console(stderr=True).print(f"[red]{error.code}[/red]: {error.detail}")
        sys.exit(1)
