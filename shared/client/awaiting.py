"""Awaiting the end of a job, by long polls until one is dropped, and by plain calls after that."""

import random
import time
from dataclasses import replace
from uuid import UUID

from tenacity import RetryCallState

from shared.client import calls
from shared.client.errors import NotDoneInTime
from shared.client.http import Call
from shared.client.retries import Policy, failure, pause, will_pass
from shared.contracts.jobs import JobView

LONG_POLL = 25  # seconds
# The shortest pause between two looks, so that one client cannot keep a front busy; seconds.
_MIN_PAUSE = 0.2
# The mean pause between two plain looks, in seconds; it varies at random by half.
_POLL_PAUSE = 1.0
# How many seconds an answer may take beyond the wait that was asked for.
_GRACE = 5


class JobWatch:
    """One wait for one job: builds the calls that look at it, and decides when to look again."""

    def __init__(self, job_id: UUID, within: float, tenant_id: str | None) -> None:
        self._job_id = job_id
        self._within = within
        self._tenant_id = tenant_id
        self._deadline = time.monotonic() + within
        self._long = True
        self._failures = 0

    def look(self) -> Call[JobView]:
        """Build the next call that looks at the job."""
        wait = min(self._left(), LONG_POLL) if self._long else 0
        call = calls.job(self._job_id, wait, tenant_id=self._tenant_id)
        return replace(call, timeout=wait + _GRACE)

    def policy(self) -> Policy:
        """Look until the job has ended or time is up, in spite of failures that may pass."""
        return Policy(
            retry=self._unfinished,
            wait=self._pause,
            stop=lambda _: self._left() <= 0,
            before_sleep=None,
            retry_error_callback=self._give_up,
        )

    def _unfinished(self, state: RetryCallState) -> bool:
        if error := failure(state):
            # A proxy on the way may not let long requests through.
            self._long = False
            self._failures += 1
            return will_pass(error)
        self._failures = 0
        return state.outcome is not None and not state.outcome.result().status.finished

    def _pause(self, state: RetryCallState) -> float:
        """Return the pause in seconds. It ends at the deadline at the latest, for a last look."""
        if error := failure(state):
            seconds = max(pause(error, self._failures), _MIN_PAUSE)
        elif self._long:
            seconds = _MIN_PAUSE
        else:
            seconds = _POLL_PAUSE * random.uniform(0.5, 1.5)
        return min(seconds, self._left())

    def _left(self) -> float:
        return max(self._deadline - time.monotonic(), 0.0)

    def _give_up(self, state: RetryCallState) -> None:
        last = failure(state)
        because = f"; the last look failed: {last}" if last else ", and continues."
        raise NotDoneInTime(
            f"Job {self._job_id} has not ended within {self._within:g} s{because}"
        ) from last
