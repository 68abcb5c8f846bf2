"""How far `grocery-ai extract` is: a bar that moves by pages, and a line for each failure."""

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

from worker.cli.stderr import complain, stderr

if TYPE_CHECKING:
    from worker.cli.extraction.files import FileReading


class ReadingProgress:
    """The `Audience` of a run. A file counts as one page until its pages are known."""

    def __init__(self, bar: Progress, files: int, keep: "Callable[[FileReading], None]") -> None:
        self._bar = bar
        self._task = bar.add_task("", total=files)
        self._keep = keep
        # Pages read and pages in all, of every file.
        self._pages = dict.fromkeys(range(files), (0, 1))

    def pages(self, file: int, read: int, pages: int) -> None:
        """See Audience."""
        self._pages[file] = (read, pages)
        self._show()

    def finished(self, file: int, reading: "FileReading") -> None:
        """See Audience."""
        _, pages = self._pages[file]
        self._pages[file] = (pages, pages)
        self._show()
        if reading.error:
            complain(reading.error, reading.path, self._bar.console)
        self._keep(reading)

    def _show(self) -> None:
        read, pages = (sum(counts) for counts in zip(*self._pages.values(), strict=True))
        self._bar.update(self._task, completed=read, total=pages)


@contextmanager
def reading_progress(
    files: int, keep: "Callable[[FileReading], None]"
) -> Iterator[ReadingProgress]:
    """A bar on stderr for the length of the block, where that is a terminal. `keep` gets each
    reading as it ends."""
    console = stderr()
    with Progress(
        TextColumn("Reading pages"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=console, transient=True, disable=not console.is_terminal,
    ) as bar:  # fmt: skip
        yield ReadingProgress(bar, files, keep)
