"""The report as tables in a terminal."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from shared.terminal_tables import titled_table
from worker.cli.quality.reliability import FIELDS
from worker.cli.quality.report import QualityReport

# How many files, and mistakes of each, a terminal shows; the page shows all.
_SHOWN = 10
_SHOWN_MISTAKES = 4


def report_tables(report: QualityReport) -> Group:
    """Return the tables: figures, reliability and, if there are mistakes, the worst files."""
    return Group(*_parts(report))


def _parts(report: QualityReport) -> Iterator[RenderableType]:
    yield _figures(report)
    yield _reliability(report)
    if any(file.mistakes for file in report.files):
        yield _worst(report)


def _figures(report: QualityReport) -> Table:
    table = titled_table(f"{len(report.scores)} receipts compared")
    table.add_column("Figure")
    table.add_column("Value", justify="right")
    table.add_row("engine", report.engine)
    for field, share in report.accuracy.items():
        if share.reported:
            table.add_row(field, str(share))
    if report.recall.reported:
        table.add_row("items found", str(report.recall))
        table.add_row("items read that are printed", str(report.precision))
        table.add_row("item F1", f"{report.f1:.3f}")
    table.add_row("items add up to the total", str(report.reconciled))
    cpu, peak = report.cpu_seconds, report.peak_bytes
    table.add_row(
        "CPU seconds: median, mean, max", f"{cpu.median:.1f}, {cpu.mean:.1f}, {cpu.most:.1f}"
    )
    table.add_row(
        "peak MB: median, mean, max",
        ", ".join(f"{value / 1e6:.0f}" for value in (peak.median, peak.mean, peak.most)),
    )
    return table


def _reliability(report: QualityReport) -> Table:
    table = titled_table("Reliability: how much of what was read with this confidence is right")
    table.add_column("Confidence", no_wrap=True)
    for name in (*FIELDS, "all", "right"):
        table.add_column(name, justify="right")
    for bin in report.reliability:
        if not bin.overall.reported:
            continue
        share = bin.overall.value
        table.add_row(
            bin.name,
            *(str(bin.by_field[field]) for field in FIELDS),
            str(bin.overall),
            "" if share is None else f"{share:.1%}",
            style="bold" if bin is report.reliability[0] else "",
        )
    return table


def _worst(report: QualityReport) -> Table:
    wrong = [file for file in report.files if file.mistakes]
    table = titled_table(f"Files with mistakes: {len(wrong)}")
    table.add_column("File", no_wrap=True)
    table.add_column("What is wrong")
    for file in wrong[:_SHOWN]:
        more = len(file.mistakes) - _SHOWN_MISTAKES
        shown = [*file.mistakes[:_SHOWN_MISTAKES], *([f"and {more} more"] if more > 0 else ())]
        # What was read may contain square brackets, which rich would take for markup.
        table.add_row(Text(file.reading.path.name), Text("\n".join(shown)))
    return table
