"""Passes on what recognition children report while they read images.

The reports cross a named pipe, because its path can be given to a child that already runs.
"""

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

from worker.pipeline.stages import OnReport, StageReport

_READ_AT_ONCE = 65_536


@dataclass(frozen=True)
class ChildReporter:
    """Writes the reports about one image to `pipe`. It is used in a child."""

    pipe: str
    image: int

    def __call__(self, report: StageReport) -> None:
        """Write one line, which is shorter than PIPE_BUF, so that lines of several children never
        mix. A report that cannot be written is dropped: it is not worth the reading."""
        line = json.dumps([self.image, asdict(report)]) + "\n"
        with suppress(OSError), open(self.pipe, "wb", buffering=0) as pipe:
            pipe.write(line.encode())


class ChildReports:
    """The pipe on which the children of one pool report. It is opened in a running event loop."""

    def __init__(self, folder: str) -> None:
        """Make the pipe in `folder`, whose owner removes it."""
        self._path = Path(folder) / "reports"
        self._loop = asyncio.get_running_loop()
        os.mkfifo(self._path)
        # Opened for writing too, so that the pipe does not end when a child closes it.
        self._pipe = os.open(self._path, os.O_RDWR | os.O_NONBLOCK)
        self._loop.add_reader(self._pipe, self._receive)
        self._images = count()
        self._listening: dict[int, OnReport] = {}
        self._rest = b""

    @contextmanager
    def passing_on(self, on_report: OnReport) -> Iterator[ChildReporter]:
        """Yield the reporter of one image, whose reports go to `on_report` during the block."""
        image = next(self._images)
        self._listening[image] = on_report
        try:
            yield ChildReporter(str(self._path), image)
            # The child reported before it answered, but its answer may have been read first.
            self._receive()
        finally:
            del self._listening[image]

    def close(self) -> None:
        """Close the pipe. Children that still report have to be gone."""
        self._loop.remove_reader(self._pipe)
        os.close(self._pipe)

    def _receive(self) -> None:
        """Pass on every line that is complete."""
        data = self._rest
        while chunk := self._read():
            data += chunk
        *lines, self._rest = data.split(b"\n")
        for line in lines:
            image, report = json.loads(line)
            if image in self._listening:
                self._listening[image](StageReport(**report))

    def _read(self) -> bytes:
        try:
            return os.read(self._pipe, _READ_AT_ONCE)
        except BlockingIOError:
            return b""
