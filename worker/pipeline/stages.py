"""The stages of an attempt, and how long each took."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

# Called with the number of pages read so far and the number of pages in the file.
OnPage = Callable[[int, int], None]


def unwatched(_read: int, _pages: int) -> None:
    """Ignore the progress: the OnPage of callers that do not need it."""


@dataclass(frozen=True)
class Stage:
    """One stage. Times are in nanoseconds since the epoch, so that processes can compare them."""

    name: str
    start_ns: int
    end_ns: int
    attributes: dict[str, Any]


@dataclass
class StageRecorder:
    """Collects stages. It is plain data, since it crosses from the child to its parent."""

    stages: list[Stage] = field(default_factory=list)

    @contextmanager
    def measure(self, name: str) -> Iterator[dict[str, Any]]:
        """Time the block, even if it raises; the block may put attributes into the dict."""
        attributes: dict[str, Any] = {}
        start = time.time_ns()
        try:
            yield attributes
        finally:
            self.stages.append(Stage(name, start, time.time_ns(), attributes))
