"""The timeline of a job: what it waited for and what was done, over all its attempts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from shared.contracts.jobs import AttemptView, JobStatus
from shared.contracts.outcomes import AttemptOutcome
from shared.store.hot.reading import JobRow
from shared.store.queues.place import Place

Kind = Literal["wait", "pause", "stage", "attempt", "lost", "running"]


@dataclass(frozen=True)
class Period:
    """A part of the life of a job. `attempt` is the one that it belongs to, or leads to."""

    kind: Kind
    label: str
    attempt: int
    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        """How long it took."""
        return max(0.0, (self.end - self.start).total_seconds())


def timeline(job: JobRow, place: Place, now: datetime | None = None) -> list[Period]:
    """Return the periods of a job from its acceptance until it ended, or until now."""
    now = now or datetime.now(UTC)
    periods: list[Period] = []
    since = job.created_at
    for attempt in job.attempts:
        is_last = attempt.number == job.attempt
        periods += _waiting(since, attempt.started_at, attempt.number, place, is_last=is_last)
        periods += _doing(attempt)
        since = attempt.finished_at
    if job.status is JobStatus.RUNNING and job.started_at is not None:
        periods += _waiting(since, job.started_at, job.attempt, place, is_last=True)
        periods.append(Period("running", "running", job.attempt, job.started_at, now))
    elif job.status is JobStatus.QUEUED:
        end = max(now, place.queued_at)
        periods += _waiting(since, end, job.attempt + 1, place, is_last=True)
    elif job.finished_at is not None and job.finished_at > since:
        # It was cancelled, or its last attempt was put back, while it waited.
        periods += _waiting(since, job.finished_at, job.attempt + 1, place, is_last=True)
    return periods


def _waiting(
    since: datetime, until: datetime, attempt: int, place: Place, *, is_last: bool
) -> Iterator[Period]:
    """Yield a pause before a retry and the wait in the queue, which only the latest one has apart.

    The row keeps since when the job has waited for its latest attempt.
    """
    due = place.queued_at if is_last and since < place.queued_at <= until else since
    if attempt > 1 and due > since:
        yield Period("pause", "pause before the retry", attempt, since, due)
        since = due
    if until > since:
        label = "wait in the queue" if attempt == 1 or is_last else "pause and wait in the queue"
        yield Period("wait", label, attempt, since, until)


def _doing(attempt: AttemptView) -> Iterator[Period]:
    for stage in attempt.stages:
        start = attempt.started_at + timedelta(milliseconds=stage.start_ms)
        end = start + timedelta(milliseconds=stage.duration_ms)
        yield Period("stage", stage.name, attempt.number, start, end)
    if attempt.outcome is AttemptOutcome.CRASHED:
        yield Period("lost", "lost", attempt.number, attempt.started_at, attempt.finished_at)
    elif not attempt.stages:
        label = attempt.outcome
        yield Period("attempt", label, attempt.number, attempt.started_at, attempt.finished_at)
