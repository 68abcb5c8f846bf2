"""How much of it a scenario does, and what a scenario is."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from tests.chaos.audit import Report


@dataclass(frozen=True)
class Plan:
    """How much of it: `jobs` to submit, `kills` to do, settings of the processes, and how many
    `workers` there are where several are needed (at least two)."""

    seed: int
    jobs: int
    kills: int
    settings: Mapping[str, str]
    workers: int = 3


Scenario = Callable[[Plan], Coroutine[Any, Any, Report]]
