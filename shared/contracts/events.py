"""Server-sent events: what a listener of a job receives."""

import re
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from shared.contracts.jobs import JobError, JobStatus
from shared.contracts.text import Contract

# The names in the field `event:` of the stream.
JOB_EVENT, STAGE_EVENT = "job", "stage"

_FORM = re.compile(r"([0-9]{1,9})\.([0-9]{1,9})\.([012])")
# An attempt begins as running and ends as queued again or for good, so its states go by this rank.
_RUNNING, _QUEUED, _ENDED = 0, 1, 2


class EventId(NamedTuple):
    """The id of a job event, `<dispatch>.<attempt>.<rank>` on the wire.

    It is made from the row alone, and a later state of a job always has a greater id. `rank` is 0
    for a running job, 1 for a queued one, 2 for one that has ended.
    """

    dispatch: int
    attempt: int
    rank: int

    @classmethod
    def of(cls, dispatch: int, attempt: int, status: JobStatus) -> "EventId":
        """Return the id of the event that says that a job is in `status`."""
        if status.finished:
            return cls(dispatch, attempt, _ENDED)
        return cls(dispatch, attempt, _RUNNING if status is JobStatus.RUNNING else _QUEUED)

    @classmethod
    def parse(cls, text: str | None) -> "EventId | None":
        """Return the id that `text` stands for, or None if it is not one of ours."""
        found = _FORM.fullmatch(text or "")
        return cls(*map(int, found.groups())) if found else None

    def __str__(self) -> str:
        """Return the id as it is on the wire."""
        return f"{self.dispatch}.{self.attempt}.{self.rank}"


class JobEvent(Contract):
    """The data of an event `job`: the state of the job. `attempt` is 0 before the first claim.

    `error` is why the job failed, or why a queued job was put back.
    """

    job_id: UUID
    status: JobStatus
    attempt: int
    error: JobError | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class StageEvent(Contract):
    """The data of an event `stage`: a stage of an attempt began, or has read another page.

    `at` is by the clock of the worker. `pages_read` and `pages` count the pages of the image while
    they are being read, and are null otherwise. The event has no id: it is not stored, and
    reconnecting does not bring it back.
    """

    job_id: UUID
    attempt: int
    stage: str
    at: datetime
    pages_read: int | None = None
    pages: int | None = None
