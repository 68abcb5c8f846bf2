"""The stages of an attempt, and how long each took."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class StageReport:
    """What an attempt does from `at_ns` on, in nanoseconds since the epoch.

    `pages_read` and `pages` count the pages of the image while they are being read.
    """

    stage: str
    at_ns: int
    pages_read: int | None = None
    pages: int | None = None


# Called when a stage begins, and after every page.
OnReport = Callable[[StageReport], None]


def unwatched(_report: StageReport) -> None:
    """Ignore the report: the OnReport of callers that do not need it."""


@dataclass(frozen=True)
class Stage:
    """One stage. Times are in nanoseconds since the epoch, so that processes can compare them."""

    name: str
    start_ns: int
    end_ns: int
    attributes: dict[str, Any]


@dataclass
class StageRecorder:
    """Collects stages when they end, and reports each to `on_report` when it begins."""

    on_report: OnReport = unwatched
    stages: list[Stage] = field(default_factory=list)

    @contextmanager
    def measure(self, name: str) -> Iterator[dict[str, Any]]:
        """Time the block, even if it raises; the block may put attributes into the dict."""
        attributes: dict[str, Any] = {}
        start = time.time_ns()
        self.on_report(StageReport(name, start))
        try:
            yield attributes
        finally:
            self.stages.append(Stage(name, start, time.time_ns(), attributes))

    def count_pages(self, stage: str, read: int, pages: int) -> None:
        """Report that `read` of the `pages` pages of the image have been read in `stage`."""
        self.on_report(StageReport(stage, time.time_ns(), read, pages))
