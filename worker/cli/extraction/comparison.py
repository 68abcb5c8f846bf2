"""`grocery-ai extract --report`: compare what was read with ground truth beside the images.

The modules of the report are imported inside the functions, since only --report needs them.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console

if TYPE_CHECKING:
    from worker.cli.extraction.files import FileReading
    from worker.cli.quality.report import QualityReport
    from worker.cli.quality.truth import Truth


def find_truths(files: Sequence[Path]) -> "dict[Path, Truth | None]":
    """Return the ground truth of every file, None for files without any.

    Raises typer.BadParameter if a ground truth is invalid, or if no file has one.
    """
    from worker.cli.quality.truth import SHAPE, BrokenTruth, find_truth, truth_path

    try:
        truths = {file: find_truth(file) for file in files}
    except BrokenTruth as error:
        raise typer.BadParameter(str(error), param_hint="--report") from error
    if not any(truths.values()):
        raise typer.BadParameter(
            f"no image has ground truth like {truth_path(files[0])} beside it; expected is {SHAPE}",
            param_hint="--report",
        )
    return truths


def protect_truths(files: Sequence[Path], out: Path) -> None:
    """Raise typer.BadParameter if a result in `out` would overwrite ground truth."""
    from worker.cli.quality.truth import BrokenTruth, find_truth, truth_path

    for file in files:
        result = out / file.name
        with suppress(BrokenTruth):
            if find_truth(result):
                raise typer.BadParameter(
                    f"{truth_path(result)} is ground truth, which would be overwritten",
                    param_hint="--out",
                )


def compare(
    readings: "Sequence[FileReading]", truths: "dict[Path, Truth | None]"
) -> "QualityReport":
    """Score the readings against their ground truth."""
    from worker.cli.quality.report import QualityReport

    engine = next(
        (reading.receipt.model_version for reading in readings if reading.receipt), "no engine"
    )
    return QualityReport.of(engine, [(reading, truths[reading.path]) for reading in readings])


def write_page(quality: "QualityReport", path: Path) -> None:
    """Write the report as an HTML page."""
    from worker.cli.quality.page import write_page as write

    write(quality, path)


def print_report(quality: "QualityReport") -> None:
    """Print the report as tables on stdout."""
    from worker.cli.quality.tables import report_tables

    Console().print(report_tables(quality))
