"""Reading many jobs, or awaiting the end of all of them, 100 in each call."""

import time
from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from shared.client.awaiting import Watch
from shared.client.calls.options import given
from shared.client.errors import UnexpectedAnswer
from shared.client.http import Call
from shared.contracts.jobs import JobPage, JobView

# The most jobs that the service returns by their ids.
MOST_IDS = 100


class Reading:
    """Collects jobs from as many calls as that takes, each job once, within so many seconds."""

    def __init__(self, job_ids: Iterable[UUID], tenant_id: str | None, within: float) -> None:
        self._asked = list(dict.fromkeys(job_ids))
        self._tenant_id = tenant_id
        self._jobs: dict[UUID, JobView] = {}
        self._missing: list[str] = []
        self._unreadable: list[UUID] = []
        self.within = within
        self.deadline = time.monotonic() + within

    def parts(self) -> Iterator[Sequence[UUID]]:
        """Yield the ids that go in one call."""
        for start in range(0, len(self._asked), MOST_IDS):
            yield self._asked[start : start + MOST_IDS]

    def call(self, job_ids: Sequence[UUID], wait: float | None = None) -> Call[JobPage]:
        """Build the call that returns these jobs, once all have ended or after `wait` seconds.

        By default it waits as long as there is time.
        """
        if wait is None:
            wait = max(self.deadline - time.monotonic(), 0.0) if self.within else 0
        ids = ",".join(map(str, job_ids))
        query = given(ids=ids, wait=wait or None, tenant_id=self._tenant_id)
        return Call("GET", "/api/v1/jobs", JobPage, query=query)

    def add(self, job_ids: Sequence[UUID], page: JobPage) -> None:
        """Keep what is known of these jobs now. Raises UnexpectedAnswer if it is not about them."""
        known = {*(job.id for job in page.jobs), *page.unreadable}
        if {*map(str, known), *page.missing} != {*map(str, job_ids)}:
            raise UnexpectedAnswer(
                "The service returned other jobs than it was asked for; it may be too old for that."
            )
        self._jobs |= {job.id: job for job in page.jobs}
        self._missing += page.missing
        self._unreadable += page.unreadable

    def unfinished(self, job_ids: Iterable[UUID]) -> list[UUID]:
        """Return those of the jobs that had not ended when they were last seen."""
        seen = (self._jobs[job_id] for job_id in job_ids if job_id in self._jobs)
        return [job.id for job in seen if not job.status.finished]

    def page(self) -> JobPage:
        """Return all jobs in the order in which they were asked for."""
        jobs = [self._jobs[job_id] for job_id in self._asked if job_id in self._jobs]
        return JobPage(
            jobs=jobs, next_cursor=None, missing=self._missing, unreadable=self._unreadable
        )


class PartWatch(Watch[JobPage]):
    """One wait for the jobs of a part. Those that have ended are not read again."""

    def __init__(self, reading: Reading, job_ids: Sequence[UUID]) -> None:
        super().__init__("At least one of the jobs", reading.within, reading.deadline)
        self._reading = reading
        self._waiting = job_ids

    def call(self) -> Call[JobPage]:
        """Build the next call that looks at the jobs that have not ended."""
        return self.patient(lambda wait: self._reading.call(self._waiting, wait))

    def has_ended(self, seen: JobPage) -> bool:
        """Keep the jobs, and return whether all that are known have ended."""
        self._reading.add(self._waiting, seen)
        self._waiting = self._reading.unfinished(self._waiting)
        return not self._waiting
