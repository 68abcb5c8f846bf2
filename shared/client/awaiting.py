"""Awaiting the end of a job, by long polls until one is dropped, and by plain calls after that."""

import random
import time
from dataclasses import replace
from uuid import UUID

from shared.client.calls import existing_jobs
from shared.client.errors import NotDoneInTime
from shared.client.http import Call
from shared.client.retries import Policy, pause, will_pass
from shared.contracts.jobs import JobView
from shared.errors import ServiceError

LONG_POLL = 25  # seconds
# The shortest pause between two looks, so that one client cannot keep a front busy; seconds.
_MIN_PAUSE = 0.2
# The mean pause between two plain looks, in seconds; it varies at random by half.
_POLL_PAUSE = 1.0
# How many seconds an answer may take beyond the wait that was asked for.
_GRACE = 5


class JobWatch(Policy[JobView]):
    """One wait for one job: builds the calls that look at it, and is the policy that decides when
    to look again."""

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
        call = existing_jobs.job(self._job_id, wait, tenant_id=self._tenant_id)
        return replace(call, timeout=wait + _GRACE)

    def pause_after(self, seen: JobView | ServiceError) -> float | None:
        """Look until the job has ended, in spite of failures that may pass.

        No pause goes beyond the deadline, at which there is a last look. Raises NotDoneInTime after
        that.
        """
        error = seen if isinstance(seen, ServiceError) else None
        if self._ends_with(seen):
            return None
        if self._left() <= 0:
            self._give_up(error)
        return min(self._pause(error), self._left())

    def _ends_with(self, seen: JobView | ServiceError) -> bool:
        if isinstance(seen, ServiceError):
            # A proxy on the way may not let long requests through.
            self._long = False
            self._failures += 1
            return not will_pass(seen)
        self._failures = 0
        return seen.status.finished

    def _pause(self, error: ServiceError | None) -> float:
        if error:
            return max(pause(error, self._failures), _MIN_PAUSE)
        return _MIN_PAUSE if self._long else _POLL_PAUSE * random.uniform(0.5, 1.5)

    def _left(self) -> float:
        return max(self._deadline - time.monotonic(), 0.0)

    def _give_up(self, last: ServiceError | None) -> None:
        because = f"; the last look failed: {last}" if last else ", and continues."
        raise NotDoneInTime(
            f"Job {self._job_id} has not ended within {self._within:g} s{because}"
        ) from last
