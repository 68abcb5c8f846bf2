"""The steps of one run and how long each took."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

# Called with how many pages of a file have been read, and how many it has.
OnPage = Callable[[int, int], None]


def unwatched(_read: int, _pages: int) -> None:
    """The OnPage of those who do not ask."""


@dataclass(frozen=True)
class Stage:
    """One step. Times are nanoseconds since the epoch, so that they compare across processes."""

    name: str
    start_ns: int
    end_ns: int
    attributes: dict[str, Any]


@dataclass
class StageRecorder:
    """Collects stages. Plain data: it crosses from the recognition child to its parent."""

    stages: list[Stage] = field(default_factory=list)

    @contextmanager
    def measure(self, name: str) -> Iterator[dict[str, Any]]:
        """Time the block, also when it raises; what the block puts in the dict is kept with it."""
        attributes: dict[str, Any] = {}
        start = time.time_ns()
        try:
            yield attributes
        finally:
            self.stages.append(Stage(name, start, time.time_ns(), attributes))
