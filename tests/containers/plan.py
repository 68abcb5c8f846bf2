"""Carries steps out in their order; a step whose needs failed is not run."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from tests.containers.commands import Failed

PASSED, FAILED, NOT_RUN = "passed", "failed", "not run"

Context = TypeVar("Context")


@dataclass(frozen=True)
class Step(Generic[Context]):
    """A thing that is proved.

    `act` returns notes for the table, and raises if what it proves does not hold. `needs` has the
    names of the steps that must have passed before.
    """

    name: str
    act: Callable[[Context], str]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What became of a step, after how many seconds; `notes` has figures, or the cause."""

    step: str
    seconds: float
    result: str
    notes: str


def carry_out(steps: Sequence[Step[Context]], context: Context) -> Iterator[Outcome]:
    """Yield the outcome of each step as soon as it is known."""
    passed: set[str] = set()
    for step in steps:
        lacks = [name for name in step.needs if name not in passed]
        if lacks:
            yield Outcome(step.name, 0, NOT_RUN, f"needs: {', '.join(lacks)}")
            continue
        outcome = _outcome(step, context)
        if outcome.result == PASSED:
            passed.add(step.name)
        yield outcome


def _outcome(step: Step[Context], context: Context) -> Outcome:
    started = time.monotonic()
    try:
        result, notes = PASSED, step.act(context)
    # Whatever it raises, the others shall run, and the engine shall be there for them.
    except Exception as error:
        cause = str(error) if isinstance(error, Failed) else f"{type(error).__name__}: {error}"
        result, notes = FAILED, cause
    return Outcome(step.name, time.monotonic() - started, result, notes)
