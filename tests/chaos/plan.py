"""Defines a scenario, and the plan that says how much of it to do."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from tests.chaos.audit import Report


@dataclass(frozen=True)
class Plan:
    """How much a scenario does.

    `jobs` and `kills` are numbers, `settings` are those of the processes, and `workers` is how
    many there are where a scenario needs several (at least two).
    """

    seed: int
    jobs: int
    kills: int
    settings: Mapping[str, str]
    workers: int = 3


Scenario = Callable[[Plan], Coroutine[Any, Any, Report]]
