"""`grocery-ai extract`: receipts from files, on all cores, without any server."""

import asyncio
import resource
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from shared.contracts.receipts import RichReceipt
from shared.terminal import receipt_table
from worker.cli.comparison import compare, find_truths, keep_truths, print_report, write_page
from worker.cli.options import AsJson, Labels, pipeline_settings, print_json, split_labels

if TYPE_CHECKING:
    from worker.cli.files import FileReading
    from worker.cli.quality.report import QualityReport

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".pdf"})

Paths = Annotated[list[Path], typer.Argument(exists=True, help="Images, PDFs, or folders of them.")]
Out = Annotated[
    Path | None,
    typer.Option("--out", file_okay=False, help="Write NAME.json here for each file."),
]
Engine = Annotated[
    str | None, typer.Option("--engine", help="rapidocr, tesseract or auto; else OCR_ENGINE.")
]
Report = Annotated[
    bool,
    typer.Option("--report", help="Compare with NAME.json beside each image; writes report.html."),
]
Slots = Annotated[
    int | None, typer.Option("--jobs", min=1, help="Files read at once; else RECEIPT_SLOTS.")
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
    """Read receipts; prints them, or writes each as NAME.json. With labels, items are categorised.

    A file that cannot be read is reported and the rest go on. With --report what was read is
    compared with ground truth: in tables, and on a page in --out or here, drawn over the images.
    """
    files = _files(paths)
    truths = find_truths(files) if report else {}
    settings = pipeline_settings(ocr_engine=engine, receipt_slots=jobs)
    if out:
        keep_truths(files, out)
        out.mkdir(parents=True, exist_ok=True)
    screen = Console(stderr=True)
    from worker.cli.files import extract_files

    readings: list[FileReading] = []

    def finished(reading: "FileReading") -> None:
        readings.append(reading)
        progress.advance(task)
        if reading.error:
            screen.print(f"[red]{reading.error.code}[/red] {reading.path}: {reading.error.detail}")
        if reading.receipt and out:
            _write(out / f"{reading.path.stem}.json", reading.receipt)

    with Progress(
        TextColumn("Reading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=screen, transient=True,
    ) as progress:  # fmt: skip
        task = progress.add_task("", total=len(files))
        wanted = split_labels(labels) if labels else None
        asyncio.run(extract_files(files, settings, wanted, finished, with_evidence=report))
    readings.sort(key=lambda reading: files.index(reading.path))
    quality = compare(readings, truths) if report else None
    if quality:
        page = (out or Path()) / "report.html"
        write_page(quality, page)
        screen.print(f"Written: {page}")
    _print(readings, quality, shown=out is None, as_json=as_json, screen=screen)
    if any(reading.error for reading in readings):
        sys.exit(1)


def _files(paths: Sequence[Path]) -> list[Path]:
    """Every file named, and those in folders that look like images; each once."""
    files: dict[Path, None] = {}
    for path in paths:
        inside = (
            sorted(entry for entry in path.iterdir() if entry.suffix.lower() in SUFFIXES)
            if path.is_dir()
            else [path]
        )
        if not inside:
            raise typer.BadParameter(f"{path} holds no {', '.join(sorted(SUFFIXES))}")
        files.update(dict.fromkeys(inside))
    named: dict[str, Path] = {}
    for file in files:
        other = named.setdefault(file.stem, file)
        if other != file:
            raise typer.BadParameter(f"{other} and {file} would both become {file.stem}.json")
    return list(files)


def _write(path: Path, receipt: RichReceipt) -> None:
    """Whole or not at all: nobody ever sees half a file."""
    unfinished = path.with_suffix(".json.part")
    unfinished.write_text(receipt.model_dump_json(indent=2), encoding="utf-8")
    unfinished.replace(path)


def _print_receipts(readings: "Sequence[FileReading]") -> None:
    console = Console()
    for reading in readings:
        if reading.receipt:
            console.print(f"{reading.path}")
            console.print(receipt_table(reading.receipt.extraction))


def _print(
    readings: "Sequence[FileReading]",
    quality: "QualityReport | None",
    *,
    shown: bool,
    as_json: bool,
    screen: Console,
) -> None:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    if quality:
        # Measuring a file resets the peak of its child, so the system knows that of the last alone.
        peak = max(peak, round(quality.peak_bytes.most))
    failed = sum(reading.error is not None for reading in readings)
    figures = {
        "files": len(readings),
        "failed": failed,
        "cpu_seconds_per_file": round((used.ru_utime + used.ru_stime) / len(readings), 2),
        "child_peak_bytes": peak,
    }
    if as_json:
        told = {"report": quality.as_json()} if quality else {}
        files = [reading.as_json() for reading in readings]
        print_json({"files": files, "figures": figures, **told})
        return
    if quality:
        print_report(quality)
    elif shown:
        _print_receipts(readings)
    screen.print(
        f"{figures['files']} read, {failed} failed; {figures['cpu_seconds_per_file']:.1f} s CPU "
        f"each with loading the models, {figures['child_peak_bytes'] / 1e6:.0f} MB at most a child."
    )
