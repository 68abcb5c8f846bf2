"""The results of a run of `grocery-ai extract`, their cost, and how they are printed."""

import resource
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from shared.terminal_tables import receipt_table
from worker.cli.extraction.comparison import print_report
from worker.cli.extraction.selection import Skipped
from worker.cli.stderr import stderr

if TYPE_CHECKING:
    from worker.cli.extraction.files import FileReading
    from worker.cli.quality.report import QualityReport


@dataclass(frozen=True)
class Figures:
    """How much was read, and at what cost.

    `files` counts all files that were tried, `failed` those that could not be read. The CPU time
    includes loading the models. `child_peak_bytes` is the peak resident memory of the largest
    recognition child.
    """

    files: int
    failed: int
    cpu_seconds_per_file: float
    child_peak_bytes: int


@dataclass(frozen=True)
class Results:
    """The readings in the order of the files; `quality` is None without --report."""

    readings: "Sequence[FileReading]"
    skipped: Sequence[Skipped]
    quality: "QualityReport | None"

    @property
    def failed(self) -> int:
        """The number of files that could not be read."""
        return sum(reading.error is not None for reading in self.readings)

    @cached_property
    def figures(self) -> Figures:
        """The figures of the run. They are complete once every recognition child has ended."""
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        if self.quality:
            # Measuring each file resets the peak that the system keeps for its process.
            peak = max(peak, round(self.quality.peak_bytes.most))
        cpu_seconds = (used.ru_utime + used.ru_stime) / max(len(self.readings), 1)
        return Figures(len(self.readings), self.failed, round(cpu_seconds, 2), peak)

    def as_json(self) -> dict[str, Any]:
        """Return the document that `extract --json` prints."""
        return {
            "files": [reading.as_json() for reading in self.readings],
            "skipped": [
                {"path": str(skipped.path), "reason": skipped.reason} for skipped in self.skipped
            ],
            "figures": asdict(self.figures),
            **({"report": self.quality.as_json()} if self.quality else {}),
        }

    def print(self, *, receipts: bool) -> None:
        """Print the report or, without one, the receipts if asked to; then a summary on stderr."""
        if self.quality:
            print_report(self.quality)
        elif receipts:
            self._print_receipts()
        stderr().print(self._summary())

    def _print_receipts(self) -> None:
        console = Console()
        for reading in self.readings:
            if reading.receipt:
                console.print(Text(str(reading.path)), soft_wrap=True)
                console.print(*map(receipt_table, reading.receipt.extractions))

    def _summary(self) -> str:
        if not self.readings:
            return "Nothing to read."
        figures = self.figures
        skipped = f", {len(self.skipped)} skipped" if self.skipped else ""
        return (
            f"{figures.files - figures.failed} read, {figures.failed} failed{skipped}; "
            f"{figures.cpu_seconds_per_file:.1f} s of CPU per file, including loading the models; "
            f"at most {figures.child_peak_bytes / 1e6:.0f} MB per process."
        )
