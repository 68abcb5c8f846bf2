"""`grocery-ai extract`: receipts from files, on all cores, without any server."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shared.contracts.receipts import RichReceipt
from shared.settings import PipelineSettings
from worker.cli.extraction.comparison import compare, find_truths, keep_truths, write_page
from worker.cli.extraction.progress import reading_progress
from worker.cli.extraction.results import Results
from worker.cli.extraction.selection import check_names, check_writable, select_files
from worker.cli.options import AsJson, Labels, pipeline_settings, print_json, split_labels
from worker.cli.stderr import stderr

if TYPE_CHECKING:
    from worker.cli.extraction.files import FileReading

Paths = Annotated[
    list[Path],
    typer.Argument(exists=True, metavar="PATH...", help="Images, PDFs, or folders of them."),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", file_okay=False, help="Write NAME.json here for each file."),
]
Engine = Annotated[
    str | None,
    typer.Option("--engine", help="rapidocr, tesseract or auto; by default, what OCR_ENGINE says."),
]
Report = Annotated[
    bool,
    typer.Option("--report", help="Compare with NAME.json beside each image; writes report.html."),
]
Slots = Annotated[
    int | None,
    typer.Option(
        "--jobs", min=1, help="Files read at once; by default RECEIPT_SLOTS, or one a core."
    ),
]


def extract(
    paths: Paths,
    *,
    out: Out = None,
    engine: Engine = None,
    jobs: Slots = None,
    labels: Labels = None,
    report: Report = False,
    as_json: AsJson = False,
) -> None:
    """Read receipts and categorise their items; print them, or write each as NAME.json.

    A file that cannot be read is reported, and the rest go on. With --report, compare what was read
    with ground truth: in tables, and on a page in --out or here, drawn over the images.
    """
    selection = select_files(paths)
    files = selection.files
    truths = find_truths(files) if report else {}
    settings = pipeline_settings(ocr_engine=engine, receipt_slots=jobs)
    wanted = split_labels(labels)
    _check_output(files, out, report=report)
    for skipped in selection.skipped:
        stderr().print(f"skipped {skipped.path}: {skipped.reason}", markup=False)
    readings = _read(files, settings, wanted, out, with_evidence=report)
    quality = compare(readings, truths) if report else None
    if quality:
        page = (out or Path()) / "report.html"
        write_page(quality, page)
        stderr().print(f"Written: {page}", markup=False)
    results = Results(readings, selection.skipped, quality)
    if as_json:
        print_json(results.as_json())
    else:
        results.print(receipts=out is None)
    if results.failed:
        sys.exit(1)


def _check_output(files: Sequence[Path], out: Path | None, *, report: bool) -> None:
    """Before anything is read. Raises typer.BadParameter."""
    if out:
        check_names(files)
        keep_truths(files, out)
        check_writable(out, "--out")
    elif report:
        check_writable(Path(), "--report")


def _read(
    files: Sequence[Path],
    settings: PipelineSettings,
    labels: Sequence[str],
    out: Path | None,
    *,
    with_evidence: bool,
) -> "list[FileReading]":
    """Every reading, in the order of the files; each is written to `out` as soon as it is there."""
    from worker.cli.extraction.files import extract_files

    readings: list[FileReading] = []

    def keep(reading: "FileReading") -> None:
        readings.append(reading)
        if reading.receipt and out:
            _write(out / f"{reading.path.stem}.json", reading.receipt)

    with reading_progress(len(files), keep) as progress:
        asyncio.run(extract_files(files, settings, labels, progress, with_evidence=with_evidence))
    return sorted(readings, key=lambda reading: files.index(reading.path))


def _write(path: Path, receipt: RichReceipt) -> None:
    """Whole or not at all: nobody ever sees half a file."""
    unfinished = path.with_suffix(".json.part")
    unfinished.write_text(receipt.model_dump_json(indent=2), encoding="utf-8")
    unfinished.replace(path)
