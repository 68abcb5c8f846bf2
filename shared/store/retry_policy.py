"""What becomes of a job whose attempt ended in an error: decided by the class of the error alone.

| class | at most so many attempts may end so | and then |
| --- | --- | --- |
| bad_input, cancelled | 1 | failed |
| transient | 6 | retried after a backoff |
| timeout, bug | 2 | retried after a backoff |
| crashed | 3 | retried after a moment: the lease was the wait |
| unavailable | any number, for an hour | put back for `retry_after`, no attempt spent |
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
# How long a job may be put back for what is unavailable, from its acceptance on.
PUT_BACK_LIMIT = timedelta(hours=1)

# A rescued job waits for up to so many seconds, times how often it was rescued: it runs again
# within half a minute of the loss of its worker, also the second time.
RESCUE_PAUSE = 4.0

_LONGEST_PAUSE = 60.0


@dataclass(frozen=True)
class Retry:
    """Run the job again after `delay` seconds."""

    delay: float


@dataclass(frozen=True)
class PutBack:
    """Likewise, as if this attempt had not been."""

    delay: float


@dataclass(frozen=True)
class GiveUp:
    """The job has failed."""


def decide(
    error_class: ErrorClass,
    spent: int,
    *,
    age: timedelta,
    retry_after: float,
    first_pause: float,
    rng: random.Random,
) -> Retry | PutBack | GiveUp:
    """`spent`: attempts that ended so before this one. `age`: of the job. `first_pause`: see
    `backoff`."""
    if error_class is ErrorClass.UNAVAILABLE:
        return PutBack(retry_after) if age < PUT_BACK_LIMIT else GiveUp()
    if spent + 1 >= BUDGETS.get(error_class, 1):
        return GiveUp()
    return Retry(backoff(spent, first_pause, rng))


def backoff(spent: int, first_pause: float, rng: random.Random) -> float:
    """Seconds: exponential with full jitter, so that jobs that failed together come back apart;
    up to `first_pause` the first time, up to a minute in the end.

    Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """
    return rng.uniform(0, min(_LONGEST_PAUSE, first_pause * 2**spent))
