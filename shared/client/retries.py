"""Repeating calls: after which failures, after what pause, and how often.

A policy is a set of arguments of tenacity, so that the sync and the async client share it.
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

# The pause before the n-th repeat is random: up to FIRST_PAUSE · 2ⁿ⁻¹ seconds, but no more than
# LONGEST_PAUSE.
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 10.0
# 2 to a large n would overflow a float.
_MAX_DOUBLINGS = 10


class Policy(TypedDict):
    """Arguments of tenacity's Retrying and AsyncRetrying."""

    retry: Callable[[RetryCallState], bool]
    wait: Callable[[RetryCallState], float]
    stop: Callable[[RetryCallState], bool]
    before_sleep: Callable[[RetryCallState], None] | None
    retry_error_callback: Callable[[RetryCallState], Any]


@dataclass(frozen=True)
class Retries:
    """How often a call is repeated.

    There are at most `limit` repeats, and none begins later than `budget` seconds after the first
    try began. 0 for either means none.
    """

    limit: int
    budget: float

    def policy(self, call: Call[M]) -> Policy:
        """Return the policy for a call. A call that is not repeatable is tried once."""
        tries = 1 + (self.limit if call.repeatable else 0)
        return Policy(
            retry=retry_if_exception(will_pass),
            wait=lambda state: pause(failure(state), state.attempt_number),
            stop=stop_any(stop_after_attempt(tries), stop_before_delay(self.budget)),
            before_sleep=_log_repeat,
            retry_error_callback=_raise_last,
        )


def will_pass(error: BaseException) -> bool:
    """Return whether the same call may succeed in a moment.

    That is the case without an answer, and for a 5xx of class `transient` or `unavailable`.
    """
    refused = isinstance(error, ServiceError) and error.problem.get("status", 500) < 500
    return isinstance(error, Transient | Unavailable) and not refused


def pause(error: BaseException | None, failures: int) -> float:
    """Return the seconds to wait after the given number of failures (from 1).

    They are what the service asked for, or else exponential backoff with full jitter.
    """
    if isinstance(error, ServiceError) and error.retry_after is not None:
        return error.retry_after
    doublings = min(failures - 1, _MAX_DOUBLINGS)
    return random.uniform(0, min(FIRST_PAUSE * 2**doublings, LONGEST_PAUSE))


def failure(state: RetryCallState) -> BaseException | None:
    """Return what the last try raised, or None."""
    return state.outcome.exception() if state.outcome else None


def _log_repeat(state: RetryCallState) -> None:
    error = failure(state)
    code = error.code if isinstance(error, ServiceError) else repr(error)
    log.info(
        "call.repeated",
        error=code,
        tries=state.attempt_number,
        pause=round(state.upcoming_sleep, 3),
    )


def _raise_last(state: RetryCallState) -> Any:
    assert state.outcome is not None  # noqa: S101 (called only after a try)
    return state.outcome.result()
