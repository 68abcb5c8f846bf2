"""Passes on how many pages of each file a recognition child has read so far.

The reports cross a named pipe, because its path can be given to a child that already runs.
"""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

_READ_AT_ONCE = 65_536


@dataclass(frozen=True)
class PageReporter:
    """Writes the progress of one file to `pipe`: pages read, and pages in all."""

    pipe: str
    file: int

    def __call__(self, read: int, pages: int) -> None:
        """Write one line, which is shorter than PIPE_BUF, so that lines of several children never
        mix."""
        with open(self.pipe, "wb", buffering=0) as pipe:
            pipe.write(f"{self.file} {read} {pages}\n".encode())


@contextmanager
def receiving_page_reports(
    on_report: Callable[[int, int, int], None],
) -> Iterator[Callable[[int], PageReporter]]:
    """Call `on_report` in the running event loop with the number of a file, its pages read and its
    pages in all, while the block runs. Yields a function that makes the reporter of a file."""
    loop = asyncio.get_running_loop()
    with TemporaryDirectory(prefix="grocery-planner-ai-") as folder:
        path = Path(folder) / "pages"
        os.mkfifo(path)
        # Opened for writing too, so that the pipe does not end when a child closes it.
        pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        lines = _Lines(on_report)
        loop.add_reader(pipe, lambda: lines.take(os.read(pipe, _READ_AT_ONCE)))
        try:
            yield lambda file: PageReporter(str(path), file)
        finally:
            loop.remove_reader(pipe)
            os.close(pipe)


class _Lines:
    def __init__(self, on_report: Callable[[int, int, int], None]) -> None:
        self._on_report = on_report
        self._rest = b""

    def take(self, data: bytes) -> None:
        """Pass on every line that is complete."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            file, read, pages = map(int, line.split())
            self._on_report(file, read, pages)
