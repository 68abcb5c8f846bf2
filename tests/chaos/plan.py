"""Defines a scenario, and the plan that says how much of it to do."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from tests.chaos.report import Report


@dataclass(frozen=True)
class Plan:
    """How much a scenario does.

    `jobs` and `kills` are numbers, `settings` are those of the processes, and `workers` is how
    many there are where a scenario needs several (at least two). `outage` is how many seconds
    something is away where it has to be longer than a lease, and `trouble` how many otherwise.
    `wide` is how many calls a burst has.
    """

    seed: int
    jobs: int
    kills: int
    settings: Mapping[str, str]
    workers: int = 3
    outage: float = 25
    trouble: float = 10
    wide: int = 200


Scenario = Callable[[Plan], Coroutine[Any, Any, Report]]
