"""The commands of `grocery-ai`, and what the program does with their errors."""

from collections.abc import Callable, Sequence

import typer

from shared.errors import ServiceError
from worker.cli.access import tenants, tokens
from worker.cli.doctor import doctor
from worker.cli.extract import extract
from worker.cli.items import categorize, embed
from worker.cli.models import models
from worker.cli.processes import migrate, serve, worker
from worker.cli.remote.failures import failures
from worker.cli.remote.interventions import cancel, retry
from worker.cli.remote.jobs import get, image, queues, watch
from worker.cli.remote.listing import list_jobs
from worker.cli.remote.submit import submit
from worker.cli.restoring import after_restore, lost
from worker.cli.stderr import print_error, stderr
from worker.cli.whole_files import NotWritten


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code. Without arguments, show the help."""
    try:
        # Typer on its own would print errors in a box that breaks long paths in two.
        code = _app()(list(arguments) or ["--help"], standalone_mode=False)
    except typer.TyperException as error:
        stderr().print(_usage(error), markup=False)
        return error.exit_code
    except ServiceError as error:
        print_error(error)
        return 1
    except NotWritten as error:
        stderr().print(f"{error}.", markup=False)
        return 1
    return code or 0


def _app() -> typer.Typer:
    app = typer.Typer(
        name="grocery-ai",
        pretty_exceptions_enable=False,
        help="Reads grocery receipts and categorises items, here or through a running service.",
        epilog="Exit codes: 0 success, 1 something failed, 2 wrong usage, 130 stopped with Ctrl-C.",
    )
    local: Sequence[Callable[..., None]] = (extract, categorize, embed, doctor, models)
    jobs: Sequence[Callable[..., None]] = (submit, get, image, watch, cancel, retry)
    remote: Sequence[Callable[..., None]] = (*jobs, failures, queues)
    processes: Sequence[Callable[..., None]] = (serve, worker, migrate, after_restore, lost)
    for command in local:
        app.command(rich_help_panel="On this machine")(command)
    for command in remote:
        app.command(rich_help_panel="Through a running service")(command)
    for command in processes:
        app.command(rich_help_panel="Running the service")(command)
    app.add_typer(tokens(), name="token", rich_help_panel="Running the service")
    app.add_typer(tenants(), name="tenant", rich_help_panel="Running the service")
    # Its function cannot be called `list`.
    app.command("list", rich_help_panel="Through a running service")(list_jobs)
    return app


def _usage(error: typer.TyperException) -> str:
    """Say in one line what is wrong and where the help is, without pydantic's prefix."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "grocery-ai"
    sentence = " ".join(error.format_message().replace("Value error, ", "").split()).rstrip(".")
    return f"{sentence}. See {command} --help."
