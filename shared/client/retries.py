"""When a call is sent again: which failures pass, how long to pause, when it is enough.

The policies are tenacity's arguments, so that the sync and the async client share them.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypedDict

import structlog
from tenacity import (
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    stop_any,
    stop_before_delay,
)

from shared.client.http import Call, M
from shared.errors import ServiceError, Transient, Unavailable

log = structlog.get_logger(__name__)

# The pause before the n-th repeat is random, up to FIRST_PAUSE · 2ⁿ⁻¹ and LONGEST_PAUSE seconds.
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 10.0
_DOUBLINGS = 10


class Policy(TypedDict):
    """Arguments of tenacity's Retrying and AsyncRetrying."""

    retry: Callable[[RetryCallState], bool]
    wait: Callable[[RetryCallState], float]
    stop: Callable[[RetryCallState], bool]
    before_sleep: Callable[[RetryCallState], None] | None
    retry_error_callback: Callable[[RetryCallState], Any]


@dataclass(frozen=True)
class Retries:
    """At most `limit` repeats of a call, none of which begins later than `budget` seconds after
    the first try did. 0 of either: none."""

    limit: int
    budget: float

    def policy(self, call: Call[M]) -> Policy:
        """For one call; one that must not be repeated is tried once."""
        tries = 1 + (self.limit if call.repeatable else 0)
        return Policy(
            retry=retry_if_exception(will_pass),
            wait=lambda state: pause(failure(state), state.attempt_number),
            stop=stop_any(stop_after_attempt(tries), stop_before_delay(self.budget)),
            before_sleep=_tell,
            retry_error_callback=_raise,
        )


def will_pass(error: BaseException) -> bool:
    """Whether the same call may succeed in a moment: no connection, or a 5xx that says so."""
    refused = isinstance(error, ServiceError) and error.problem.get("status", 500) < 500
    return isinstance(error, Transient | Unavailable) and not refused


def pause(error: BaseException | None, failures: int) -> float:
    """Seconds after so many `failures`: what the service asked for, else exponential backoff with
    full jitter."""
    if isinstance(error, ServiceError) and error.retry_after is not None:
        return error.retry_after
    doublings = min(failures - 1, _DOUBLINGS)
    return random.uniform(0, min(FIRST_PAUSE * 2**doublings, LONGEST_PAUSE))


def failure(state: RetryCallState) -> BaseException | None:
    """What the last try raised."""
    return state.outcome.exception() if state.outcome else None


def _tell(state: RetryCallState) -> None:
    error = failure(state)
    code = error.code if isinstance(error, ServiceError) else repr(error)
    log.info(
        "call.repeated",
        error=code,
        tries=state.attempt_number,
        pause=round(state.upcoming_sleep, 3),
    )


def _raise(state: RetryCallState) -> Any:
    assert state.outcome is not None  # noqa: S101 (there was a try)
    return state.outcome.result()
