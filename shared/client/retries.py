"""Repeating calls: after which failures, after what pause, and how often.

A policy only decides; the two loops at the end, one sync and one async, act on its decisions.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from shared.client.http import Call, M
from shared.errors import ServiceError, Transient, Unavailable

log = logging.getLogger(__name__)

Seen_contra = TypeVar("Seen_contra", contravariant=True)

# The pause before the n-th repeat is random: up to FIRST_PAUSE · 2ⁿ⁻¹ seconds, but no more than
# LONGEST_PAUSE.
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 10.0
# 2 to a large n would overflow a float.
_MAX_DOUBLINGS = 10


class Policy(Protocol[Seen_contra]):
    """Decides after each try of one call whether there is another. It serves one call only."""

    def pause_after(self, seen: Seen_contra | ServiceError) -> float | None:
        """Return the pause before the next try in seconds, or None if `seen` is the end of the
        call: its answer, or the error to raise. May raise an error of its own instead."""


class Course(Policy[M], Protocol[M]):
    """A policy that also builds the call of each try."""

    def call(self) -> Call[M]:
        """Build the call of the next try."""


@dataclass(frozen=True)
class Retries:
    """How often a call is repeated.

    There are at most `limit` repeats, and none begins later than `budget` seconds after the first
    try began. 0 for either means none.
    """

    limit: int
    budget: float

    def policy(self, call: Call[M]) -> Policy[M]:
        """Return the policy for a call. A call that is not repeatable is tried once."""
        return _Repeats(self.limit if call.repeatable else 0, self.budget)


class _Repeats(Policy[object]):
    """The policy that repeats a call which failed in a way that may pass."""

    def __init__(self, limit: int, budget: float) -> None:
        self._limit = limit
        self._deadline = time.monotonic() + budget
        self._failures = 0

    def pause_after(self, seen: object) -> float | None:
        """Pause after a failure that may pass, unless the limit or the budget is spent."""
        if not isinstance(seen, ServiceError) or not will_pass(seen):
            return None
        self._failures += 1
        seconds = pause(seen, self._failures)
        if self._failures > self._limit or time.monotonic() + seconds >= self._deadline:
            return None
        log.info(
            "call.repeated: after try %d and a pause of %.3g s: %s",
            self._failures,
            seconds,
            seen,
            extra={"error": seen.code, "tries": self._failures, "pause": round(seconds, 3)},
        )
        return seconds


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


def repeat(attempt: Callable[[], M], policy: Policy[M]) -> M:
    """Call `attempt` until the policy has seen enough. Return or raise what the last try did."""
    while True:
        seen: M | ServiceError
        try:
            seen = attempt()
        except ServiceError as error:
            seen = error
        seconds = policy.pause_after(seen)
        if seconds is None:
            return _ended(seen)
        time.sleep(seconds)


async def repeat_async(attempt: Callable[[], Awaitable[M]], policy: Policy[M]) -> M:
    """Await `attempt` until the policy has seen enough. Return or raise what the last try did."""
    while True:
        seen: M | ServiceError
        try:
            seen = await attempt()
        except ServiceError as error:
            seen = error
        seconds = policy.pause_after(seen)
        if seconds is None:
            return _ended(seen)
        await asyncio.sleep(seconds)


def _ended(seen: M | ServiceError) -> M:
    if isinstance(seen, ServiceError):
        raise seen
    return seen
