"""How many pages of each file have been read, as a recognition child reports it while it works.

The reports cross a named pipe: its path is all that a child has to be given, also one that was
started long before.
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
    """Reports for one file. Calls with (pages read, pages in all) are written to `pipe`."""

    pipe: str
    file: int

    def __call__(self, read: int, pages: int) -> None:
        """A line is shorter than PIPE_BUF, so those of several children never mix."""
        with open(self.pipe, "wb", buffering=0) as pipe:
            pipe.write(f"{self.file} {read} {pages}\n".encode())


@contextmanager
def hearing_pages(
    heard: Callable[[int, int, int], None],
) -> Iterator[Callable[[int], PageReporter]]:
    """Call `heard` in the running event loop with (file, pages read, pages in all) for the length
    of the block, which gets a function that makes the reporter of a file."""
    loop = asyncio.get_running_loop()
    with TemporaryDirectory(prefix="grocery-planner-ai-") as folder:
        path = Path(folder) / "pages"
        os.mkfifo(path)
        # For writing as well: the pipe does not end with the first child that closes it.
        pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        lines = _Lines(heard)
        loop.add_reader(pipe, lambda: lines.take(os.read(pipe, _READ_AT_ONCE)))
        try:
            yield lambda file: PageReporter(str(path), file)
        finally:
            loop.remove_reader(pipe)
            os.close(pipe)


class _Lines:
    def __init__(self, heard: Callable[[int, int, int], None]) -> None:
        self._heard = heard
        self._rest = b""

    def take(self, data: bytes) -> None:
        """Hand on every line that is whole by now."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            file, read, pages = map(int, line.split())
            self._heard(file, read, pages)
