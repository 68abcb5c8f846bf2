"""Awaiting the end of jobs, by long polls until one is dropped, and by plain calls after that."""

import random
import time
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from shared.client.calls import existing_jobs
from shared.client.errors import NotDoneInTime
from shared.client.http import Call, M
from shared.client.retries import Policy, Seen_contra, pause, will_pass
from shared.contracts.jobs import JobView
from shared.errors import ServiceError

LONG_POLL = 25  # seconds
# The shortest pause between two looks, so that one client cannot keep a front busy; seconds.
_MIN_PAUSE = 0.2
# The mean pause between two plain looks, in seconds; it varies at random by half.
_POLL_PAUSE = 1.0
# How many seconds an answer may take beyond the wait that was asked for.
_GRACE = 5


class Watch(Policy[Seen_contra]):
    """One wait, until what is seen has ended: the policy that decides when to look again.

    `subject` names in a sentence what is waited for. `within` seconds are the time that the caller
    gives; it is over at `deadline` of the monotonic clock, by default so many seconds from now.
    """

    def __init__(self, subject: str, within: float, deadline: float | None = None) -> None:
        self._subject = subject
        self._within = within
        self._deadline = time.monotonic() + within if deadline is None else deadline
        self._long = True
        self._failures = 0

    @abstractmethod
    def has_ended(self, seen: Seen_contra) -> bool:
        """Return whether an answer is the last one that is needed."""

    def pause_after(self, seen: Seen_contra | ServiceError) -> float | None:
        """Look until the end, in spite of failures that may pass.

        No pause goes beyond the deadline, at which there is a last look. Raises NotDoneInTime after
        that.
        """
        error = seen if isinstance(seen, ServiceError) else None
        if self._ends_with(seen):
            return None
        if self._left() <= 0:
            self._give_up(error)
        return min(self._pause(error), self._left())

    def patient(self, build: Callable[[float], Call[M]]) -> Call[M]:
        """Build the next call that looks, with the seconds that it may wait."""
        wait = min(self._left(), LONG_POLL) if self._long else 0
        return replace(build(wait), timeout=wait + _GRACE)

    def _ends_with(self, seen: Seen_contra | ServiceError) -> bool:
        if isinstance(seen, ServiceError):
            # A proxy on the way may not let long requests through.
            self._long = False
            self._failures += 1
            return not will_pass(seen)
        self._failures = 0
        return self.has_ended(seen)

    def _pause(self, error: ServiceError | None) -> float:
        if error:
            return max(pause(error, self._failures), _MIN_PAUSE)
        return _MIN_PAUSE if self._long else _POLL_PAUSE * random.uniform(0.5, 1.5)

    def _left(self) -> float:
        return max(self._deadline - time.monotonic(), 0.0)

    def _give_up(self, last: ServiceError | None) -> None:
        because = f"; the last look failed: {last}" if last else ", and continues."
        raise NotDoneInTime(
            f"{self._subject} has not ended within {self._within:g} s{because}"
        ) from last


class JobWatch(Watch[JobView]):
    """One wait for one job."""

    def __init__(self, job_id: UUID, within: float, tenant_id: str | None) -> None:
        super().__init__(f"Job {job_id}", within)
        self._job_id = job_id
        self._tenant_id = tenant_id

    def call(self) -> Call[JobView]:
        """Build the next call that looks at the job."""
        return self.patient(
            lambda wait: existing_jobs.job(self._job_id, wait, tenant_id=self._tenant_id)
        )

    def has_ended(self, seen: JobView) -> bool:
        """Return whether the job has ended."""
        return seen.status.finished
