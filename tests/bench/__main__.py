"""bin/bench measures, prints the figures, and compares them with earlier ones."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tests.bench.bench import Bench
from tests.bench.capacity.page import write_page
from tests.bench.measurements import MEASUREMENTS, measure
from tests.bench.report.comparison import compare
from tests.bench.report.saved import Measured, NotSaved, Saved, as_json, read, save
from tests.bench.report.tables import changes_table, figures_table, missing_table
from tests.bench.running.servers import durable_servers, template_database


def bench(
    only: Annotated[
        list[str] | None, typer.Option(help=f"Measure only this: {', '.join(MEASUREMENTS)}.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How often to measure.")] = 3,
    size: Annotated[
        float, typer.Option(min=0.001, help="Fraction of the usual number of jobs and seconds.")
    ] = 1.0,
    as_json_: Annotated[bool, typer.Option("--json", help="Print JSON to stdout.")] = False,
    save_to: Annotated[
        Path | None, typer.Option("--save", help="Save the figures in this file.")
    ] = None,
    noisy: Annotated[
        bool, typer.Option("--noisy", help="Save figures although others took much of the CPU.")
    ] = False,
    compare_with: Annotated[
        Path | None, typer.Option("--compare", help="Compare with the figures of this file.")
    ] = None,
    profiles: Annotated[
        Path | None,
        typer.Option("--profile", help="Write profiles of all fronts and workers to this folder."),
    ] = None,
    receipts: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="Read the images in this folder."),
    ] = None,
    minutes: Annotated[float, typer.Option(min=0.1, help="How long a soak lasts.")] = 5,
    page: Annotated[
        bool, typer.Option("--page", help="Measure nothing; write docs/performance.md.")
    ] = False,
) -> None:
    """Measure what the system costs and bears. `bin/bench --help` says what there is."""
    if page:
        write_page()
        return
    if profiles and (save_to or compare_with):
        raise typer.BadParameter(
            "figures are worse with it, and cannot be saved or compared", param_hint="--profile"
        )
    earlier = _checked(only or [], size, compare_with, save_to)
    if profiles:
        profiles.mkdir(parents=True, exist_ok=True)
    progress = Console(stderr=True)
    with durable_servers() as (servers, folder), template_database(servers) as template:
        made = Bench(
            servers=servers,
            folder=folder,
            template=template,
            rounds=rounds,
            size=size,
            note=lambda text: progress.print(f"… {text}"),
            profiles=profiles and profiles.absolute(),
            receipts=receipts and receipts.absolute(),
            minutes=minutes,
        )
        measured, missing = measure(dict.fromkeys(only or MEASUREMENTS), made)
    unsaved = save(save_to, measured, noisy=noisy) if save_to else []
    if as_json_:
        sys.stdout.write(as_json(measured))
    screen = Console(stderr=as_json_, width=130)
    passed = report(measured, missing, earlier, screen)
    if unsaved:
        screen.print(f"Not saved without --noisy, since others took CPU: {', '.join(unsaved)}")
        passed = False
    sys.exit(not passed)


def _checked(
    only: list[str], size: float, compare_with: Path | None, save_to: Path | None
) -> Saved | None:
    """Return the earlier figures, if there are any. Raises BadParameter before minutes are lost."""
    if unknown := sorted(set(only) - set(MEASUREMENTS)):
        names = ", ".join(MEASUREMENTS)
        raise typer.BadParameter(f"{unknown[0]!r} is none of: {names}", param_hint="--only")
    try:
        if save_to and save_to.exists():
            read(save_to)
        earlier = read(compare_with) if compare_with else None
    except NotSaved as error:
        raise typer.BadParameter(str(error)) from error
    saved = earlier.measurements if earlier else {}
    for name in only or MEASUREMENTS:
        then = saved.get(name)
        if then and then.size != size:
            raise typer.BadParameter(
                f"{name} was measured with --size {then.size:g}, and differs with another.",
                param_hint="--compare",
            )
    return earlier


def report(
    measured: dict[str, Measured], missing: dict[str, str], earlier: Saved | None, screen: Console
) -> bool:
    """Print the tables; return whether everything is as it should be.

    Goals decide that, and earlier figures too where there are any.
    """
    passed = not missing
    for name, found in measured.items():
        screen.print(figures_table(name, MEASUREMENTS[name].what, found))
        then = earlier.measurements.get(name) if earlier else None
        if then is None:
            passed = passed and all(figure.reached is not False for figure in found.figures)
        else:
            changes = compare(then, found)
            screen.print(changes_table(name, then, changes))
            passed = passed and not any(change.failed for change in changes)
    if missing:
        screen.print(missing_table(missing))
    return passed


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(bench)
    app()
