"""The progress of `grocery-ai extract`: a bar that counts pages, and a line for each failure."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from worker.cli.stderr import print_error, stderr

if TYPE_CHECKING:
    from worker.cli.extraction.files import FileReading


class ReadingProgress:
    """Shows how far the reading is. A file counts as one page until its pages are known."""

    def __init__(self, bar: Progress, files: int, keep: "Callable[[FileReading], None]") -> None:
        self._bar = bar
        self._task = bar.add_task("", total=files)
        self._keep = keep
        # For each file, how many pages have been read and how many it has.
        self._pages = dict.fromkeys(range(files), (0, 1))

    def pages(self, file: int, read: int, pages: int) -> None:
        """Move the bar to the pages of a file that have been read."""
        self._pages[file] = (read, pages)
        self._show()

    def finished(self, file: int, reading: "FileReading") -> None:
        """Count a file as read, report its error if it has one, and keep the reading."""
        _, pages = self._pages[file]
        self._pages[file] = (pages, pages)
        self._show()
        if reading.error:
            print_error(reading.error, reading.path, self._bar.console)
        self._keep(reading)

    def _show(self) -> None:
        read, pages = (sum(counts) for counts in zip(*self._pages.values(), strict=True))
        self._bar.update(self._task, completed=read, total=pages)


@contextmanager
def reading_progress(
    files: int, keep: "Callable[[FileReading], None]"
) -> Iterator[ReadingProgress]:
    """Show a bar on stderr for the length of the block, if stderr is a terminal.

    `keep` is called with each reading as soon as it is there.
    """
    console = stderr()
    with Progress(
        TextColumn("Reading pages"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=console, transient=True, disable=not console.is_terminal,
    ) as bar:  # fmt: skip
        yield ReadingProgress(bar, files, keep)
