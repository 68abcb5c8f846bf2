"""`grocery-ai extract`: read receipts from files, on all cores, without a server."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shared.pipeline_settings import PipelineSettings
from worker.cli.extraction.comparison import compare, find_truths, protect_truths, write_page
from worker.cli.extraction.progress import reading_progress
from worker.cli.extraction.results import Results
from worker.cli.extraction.selection import check_names, check_writable, select_files
from worker.cli.extraction.table import open_table
from worker.cli.options import (
    AsJson,
    Country,
    DefaultCurrency,
    Labels,
    LocaleName,
    extraction_options,
    pipeline_settings,
    print_json,
    split_labels,
)
from worker.cli.stderr import stderr
from worker.cli.whole_files import write_whole

if TYPE_CHECKING:
    from shared.contracts.receipts.requests import ExtractionOptions
    from worker.cli.extraction.files import FileReading
    from worker.cli.extraction.table import ItemTable

Paths = Annotated[
    list[Path],
    typer.Argument(exists=True, metavar="PATH...", help="Images, PDFs, or folders of them."),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", file_okay=False, help="Write NAME.json for each file into this folder."),
]
Engine = Annotated[
    str | None,
    typer.Option("--engine", help="rapidocr, tesseract or auto; by default, OCR_ENGINE decides."),
]
Report = Annotated[
    bool,
    typer.Option(
        "--report", help="Compare with NAME.json beside each image, and write report.html."
    ),
]
TablePath = Annotated[
    Path | None,
    typer.Option(
        "--table",
        dir_okay=False,
        metavar="FILE",
        help="Add a row for each item to a table: FILE.csv, FILE.xlsx or FILE.jsonl.",
    ),
]
Slots = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        min=1,
        help="How many files to read at once; by default RECEIPT_SLOTS, or one per core.",
    ),
]


def extract(  # noqa: PLR0913 (each is an option)
    paths: Paths,
    *,
    out: Out = None,
    table: TablePath = None,
    engine: Engine = None,
    jobs: Slots = None,
    labels: Labels = None,
    default_currency: DefaultCurrency = None,
    country: Country = None,
    locale: LocaleName = None,
    report: Report = False,
    as_json: AsJson = False,
) -> None:
    """Read receipts and categorise their items; print them, or write each one as NAME.json.

    A file that cannot be read is reported, and the other files are still read. --table joins the
    items of all receipts in one table; files that it has already are not read again. --report
    compares what was read with ground truth, in tables and in report.html, which shows the images
    with boxes drawn over them. It is written to the --out folder, or to this one without --out.
    """
    selection = select_files(paths, table)
    files = selection.files
    truths = find_truths(files) if report else {}
    settings = pipeline_settings(ocr_engine=engine, receipt_slots=jobs)
    options = extraction_options(
        split_labels(labels), default_currency=default_currency, country=country, locale=locale
    )
    _check_output(files, out, table, report=report)
    with open_table(table) if table else nullcontext() as rows:
        for skipped in selection.skipped:
            stderr().print(f"skipped {skipped.path}: {skipped.reason}", markup=False)
        readings = _read_into(rows, files, settings, options, out, with_evidence=report)
    quality = compare(readings, truths) if report else None
    if quality:
        page = (out or Path()) / "report.html"
        write_page(quality, page)
        stderr().print(f"Wrote {page}", markup=False)
    results = Results(readings, selection.skipped, quality)
    if as_json:
        print_json(results.as_json())
    else:
        results.print(receipts=out is None and table is None)
    if results.failed:
        sys.exit(1)


def _check_output(
    files: Sequence[Path], out: Path | None, table: Path | None, *, report: bool
) -> None:
    """Raise typer.BadParameter if the results could not be written or would overwrite a file."""
    if table and report:
        raise typer.BadParameter("a report has to read every file again", param_hint="--table")
    if out:
        check_names(files)
        protect_truths(files, out)
        check_writable(out, "--out")
    elif report:
        check_writable(Path(), "--report")


def _read_into(
    table: "ItemTable | None",
    files: Sequence[Path],
    settings: PipelineSettings,
    options: "ExtractionOptions",
    out: Path | None,
    *,
    with_evidence: bool,
) -> "list[FileReading]":
    """Read the files and return the readings in the same order.

    Each result is written to `out` and to the table, if given, as soon as it is there. Files that
    the table has already are left out.
    """

    def keep(reading: "FileReading") -> None:
        if reading.receipt and out:
            result = reading.receipt.model_dump_json(indent=2)
            write_whole(out / f"{reading.path.stem}.json", result)
        if table:
            table.add(reading)

    unread = table.unread(files) if table else files
    if table and len(unread) < len(files):
        stderr().print(f"{len(files) - len(unread)} in {table.path} already", markup=False)
    return _read(unread, settings, options, keep, with_evidence=with_evidence)


def _read(
    files: Sequence[Path],
    settings: PipelineSettings,
    options: "ExtractionOptions",
    keep: "Callable[[FileReading], None]",
    *,
    with_evidence: bool,
) -> "list[FileReading]":
    """Read the files, and pass each reading to `keep` as soon as it is there."""
    from worker.cli.extraction.files import extract_files

    readings: list[FileReading] = []

    def finished(reading: "FileReading") -> None:
        readings.append(reading)
        keep(reading)

    if files:
        with reading_progress(len(files), finished) as progress:
            reading = extract_files(files, settings, options, progress, with_evidence=with_evidence)
            asyncio.run(reading)
    return sorted(readings, key=lambda reading: files.index(reading.path))
