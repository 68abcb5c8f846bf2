"""The figures as tables for people."""

from collections.abc import Mapping, Sequence

from rich.markup import escape
from rich.table import Table

from tests.bench.figures import Figure, readable
from tests.bench.noise import TOO_MUCH
from tests.bench.report.comparison import Change
from tests.bench.report.saved import Measured


def figures_table(name: str, what: str, measured: Measured) -> Table:
    """Return a table with a line for each figure: its spread, its anchor, its goal."""
    table = Table(title=f"{name}: {what}", title_justify="left", caption=_caption(measured))
    for heading in ("", "median", "spread", "goal", "reached", "measured against"):
        table.add_column(heading, overflow="fold")
    for figure in measured.figures:
        table.add_row(
            figure.name,
            _with_unit(figure, figure.median),
            f"{readable(min(figure.values))}–{readable(max(figure.values))}",
            "" if figure.goal is None else f"{_sign(figure)} {readable(figure.goal)}",
            {None: "", True: "yes", False: "[bold red]no[/]"}[figure.reached],
            figure.anchor,
        )
    return table


def changes_table(name: str, then: Measured, changes: Sequence[Change]) -> Table:
    """Return a table with a line for each figure then and now."""
    title = f"{name}: compared with {then.date:%Y-%m-%d} ({then.machine})"
    table = Table(title=title, title_justify="left")
    for heading in ("", "then", "now", "change", "verdict"):
        table.add_column(heading, overflow="fold")
    for change in changes:
        verdict = f"[bold red]{change.verdict}[/]" if change.failed else str(change.verdict)
        table.add_row(
            change.name,
            "" if change.then is None else _with_unit(change.then, change.then.median),
            "" if change.now is None else _with_unit(change.now, change.now.median),
            "" if change.change is None else f"{change.change:+.0%}",
            verdict,
        )
    return table


def missing_table(missing: Mapping[str, str]) -> Table:
    """Return a table with the measurements that could not be made, and why."""
    table = Table(title="Not measured", title_justify="left")
    for heading in ("", "why"):
        table.add_column(heading, overflow="fold")
    for name, why in missing.items():
        table.add_row(name, escape(why))
    return table


def _caption(measured: Measured) -> str:
    rounds = f"{measured.rounds} round{'s' * (measured.rounds > 1)}"
    caption = f"{rounds}; {measured.noise:.0%} of the CPU went to others meanwhile"
    if measured.noise > TOO_MUCH:
        caption += f" [bold red](more than {TOO_MUCH:.0%}: do not trust what is not a ratio)[/]"
    return caption


def _with_unit(figure: Figure, value: float) -> str:
    return f"{readable(value)} {figure.unit}".rstrip()


def _sign(figure: Figure) -> str:
    return "≥" if figure.better == "higher" else "≤"
