"""The report as one HTML file that needs no network, no script and no other file."""

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from worker.cli.quality.drawing import draw
from worker.cli.quality.reliability import FIELDS
from worker.cli.quality.report import QualityReport, ReportedFile
from worker.cli.whole_files import write_whole


def write_page(report: QualityReport, path: Path) -> None:
    """Write the page. Whatever was read is escaped, so that it can only appear as text."""
    environment = Environment(
        loader=PackageLoader("worker.cli.quality", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    text = environment.get_template("page.html.j2").render(
        report=report, fields=FIELDS, pages_of=_pages
    )
    write_whole(path, text)


def _pages(file: ReportedFile) -> list[object]:
    reading = file.reading
    read = reading.receipt.extraction if reading.receipt else None
    return [draw(page, read) for page in (reading.evidence.pages if reading.evidence else ())]
