"""bin/test-containers carries the steps out, and prints the table of what became of them."""

import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tests.containers.commands import Failed, output_of
from tests.containers.engine import engine
from tests.containers.plan import FAILED, PASSED, Outcome, carry_out
from tests.containers.run import Run
from tests.containers.steps import STEPS
from tests.containers.table import images_table, steps_table


def containers(
    own_engine: Annotated[bool, typer.Option("--own-engine", help="Start one.")] = False,
    bases: Annotated[Path | None, typer.Option(help="Folder that keeps the base.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep folder and logs.")] = False,
) -> None:
    """Build the images, start the stack and the production image on a real engine, break them.

    The exit code is 0 only if all steps passed.
    """
    screen = Console(stderr=True)
    folder = Path(tempfile.mkdtemp(prefix="containers-"))
    folder.chmod(0o755)
    outcomes: list[Outcome] = []
    run: Run | None = None
    try:
        with ExitStack() as stack:
            started = time.monotonic()
            try:
                found = stack.enter_context(engine(folder, own=own_engine))
            except Failed as error:
                outcomes.append(Outcome("engine", time.monotonic() - started, FAILED, str(error)))
            else:
                outcomes.append(Outcome("engine", time.monotonic() - started, PASSED, found.what))
                run = Run(folder, found, bases)
                stack.callback(run.stop_all)
                for outcome in carry_out(STEPS, run):
                    screen.print(
                        f"{outcome.step}: {outcome.result}, {outcome.notes}",
                        markup=False,
                        soft_wrap=True,
                    )
                    outcomes.append(outcome)
        printer = Console(width=180)
        printer.print(steps_table(outcomes))
        if run:
            printer.print(images_table(run.sources, run.sizes))
    finally:
        _clear(folder, run, keep=keep, screen=screen)
    if any(outcome.result != PASSED for outcome in outcomes):
        sys.exit(1)


def _clear(folder: Path, run: Run | None, *, keep: bool, screen: Console) -> None:
    """Remove everything; with `keep`, the copies of the source and the logs stay."""
    for name, log in (run.logs if run and keep else {}).items():
        (folder / f"{name}.log").write_text(log)
    for place in ("data", "exec", "root", "packages", "wheel", "base") if keep else ("",):
        output_of(["rm", "-rf", folder / place])
    if keep:
        screen.print(f"Kept: {folder}")


if __name__ == "__main__":
    typer.run(containers)
