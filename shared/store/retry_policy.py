"""Decides what becomes of a job whose attempt ended in an error, by the error's class.

| class | budget: attempts that may end in it | until the budget is spent |
| --- | --- | --- |
| bad_input, cancelled | 1 | |
| transient | 6 | retried after a backoff |
| timeout, bug | 2 | retried after a backoff |
| crashed | 3 | retried after a few seconds, as the lease was a wait already |
| unavailable | any number, until the job is an hour old | put back for `retry_after` seconds |

The last attempt of a budget fails the job.
"""

import random
from dataclasses import dataclass
from datetime import timedelta

from shared.errors import ErrorClass

BUDGETS: dict[ErrorClass, int] = {
    ErrorClass.TRANSIENT: 6,
    ErrorClass.TIMEOUT: 2,
    ErrorClass.CRASHED: 3,
    ErrorClass.BUG: 2,
}
# How old a job may be, counted from its creation, to be put back because something is unavailable.
PUT_BACK_LIMIT = timedelta(hours=1)

# Seconds. A rescued job waits for up to this long, times how often it has been rescued. Even the
# second time it runs again within half a minute of the loss of its worker: docs/durability.md has
# the sum.
RESCUE_PAUSE = 2.5

# Seconds.
_LONGEST_PAUSE = 60.0


@dataclass(frozen=True)
class Retry:
    """The job runs again after `delay` seconds, and the attempt counts against its budget."""

    delay: float


@dataclass(frozen=True)
class PutBack:
    """The job runs again after `delay` seconds, as if this attempt had not been made."""

    delay: float


@dataclass(frozen=True)
class GiveUp:
    """The job fails."""


def decide(
    error_class: ErrorClass,
    spent: int,
    *,
    age: timedelta,
    retry_after: float,
    first_pause: float,
    rng: random.Random,
) -> Retry | PutBack | GiveUp:
    """Decide what becomes of a job after an attempt that ended in `error_class`.

    `spent` counts the earlier attempts that ended in this class, and `age` is how old the job was
    when this attempt began. `retry_after` is that of the error, and `first_pause` that of
    `backoff`; both are in seconds.
    """
    if error_class is ErrorClass.UNAVAILABLE:
        return PutBack(retry_after) if age < PUT_BACK_LIMIT else GiveUp()
    if spent + 1 >= BUDGETS.get(error_class, 1):
        return GiveUp()
    return Retry(backoff(spent, first_pause, rng))


def backoff(spent: int, first_pause: float, rng: random.Random) -> float:
    """Return how many seconds to wait before the retry that follows `spent` others.

    The pause is random: at most `first_pause` for the first retry, twice as much for each further
    one, and never more than a minute. With this full jitter, jobs that failed together are retried
    apart. Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """
    return rng.uniform(0, min(_LONGEST_PAUSE, first_pause * 2**spent))
