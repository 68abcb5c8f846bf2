"""What one caller learns of a job: only news, in order."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from api.telling.streams import next_news
from api.telling.watch import Watch
from shared.contracts.events import EventId, JobEvent, StageEvent
from shared.contracts.jobs import JobStatus
from shared.errors import Draining
from shared.store.states import JobState

JOB, NOW = uuid4(), datetime.now(UTC)


def state(event_id: str, status: JobStatus) -> JobState:
    """Return a state of the job."""
    known = EventId.parse(event_id)
    assert known is not None
    event = JobEvent(
        job_id=JOB,
        status=status,
        attempt=known.attempt,
        error=None,
        created_at=NOW,
        started_at=None,
        finished_at=None,
    )
    return JobState("t", known, event)


def stage(attempt: int, name: str = "ocr.recognise") -> StageEvent:
    """Return the beginning of a stage."""
    return StageEvent(job_id=JOB, attempt=attempt, stage=name, at=NOW)


QUEUED, RUNNING = state("1.0.1", JobStatus.QUEUED), state("1.1.0", JobStatus.RUNNING)
ENDED = state("1.1.2", JobStatus.SUCCEEDED)


async def test_only_newer_states_are_news() -> None:
    """The same row may be read many times, and the caller may know its state already."""
    watch = Watch(since=QUEUED.id)
    for read in (QUEUED, RUNNING, RUNNING, QUEUED, ENDED):
        watch.read(read)

    assert [await watch.next(), await watch.next()] == [RUNNING, ENDED]


async def test_stages_come_after_the_state_of_their_attempt() -> None:
    """A stage that is ahead of its state asks for a query."""
    watch = Watch()
    watch.read(QUEUED)
    assert watch.report(stage(1, "first"))
    watch.read(RUNNING)
    assert not watch.report(stage(1, "second"))

    expected = [QUEUED, RUNNING, stage(1, "first"), stage(1, "second")]
    assert [await watch.next() for _ in expected] == expected


async def test_stages_of_an_earlier_attempt_are_left_out() -> None:
    """Reports may arrive late."""
    watch = Watch()
    watch.read(state("2.2.0", JobStatus.RUNNING))
    watch.report(stage(1))
    watch.read(state("2.2.2", JobStatus.FAILED))

    seen = [await watch.next(), await watch.next()]
    assert [str(news.id) for news in seen if isinstance(news, JobState)] == ["2.2.0", "2.2.2"]


async def test_whoever_reads_slowly_still_gets_every_state() -> None:
    """The oldest stages are dropped."""
    watch = Watch()
    watch.read(RUNNING)
    for number in range(1_000):
        watch.report(stage(1, f"stage {number}"))
    watch.read(ENDED)

    first, *stages, last = [await watch.next() for _ in range(100)]
    assert (first, last) == (RUNNING, ENDED)
    names = [news.stage for news in stages if isinstance(news, StageEvent)]
    assert names == [f"stage {number}" for number in range(902, 1_000)]


async def test_states_alone_are_dropped_too_but_never_the_latest() -> None:
    """Somebody runs a job again and again while a listener does not read."""
    watch = Watch()
    states = [state(f"{dispatch}.1.0", JobStatus.RUNNING) for dispatch in range(1, 201)]
    for read in states:
        watch.read(read)

    assert [await watch.next() for _ in range(100)] == states[100:]


async def test_a_deleted_job_has_no_more_news() -> None:
    watch = Watch()
    watch.read(ENDED)
    watch.read(None)

    assert [await watch.next(), await watch.next()] == [ENDED, None]


async def test_a_caller_who_is_dismissed_gets_what_is_there_first() -> None:
    watch = Watch()
    watch.read(ENDED)
    watch.fail(Draining())

    assert await watch.next() == ENDED
    with pytest.raises(Draining):
        await watch.next()


async def test_silence_ends_with_the_admission_of_the_listener() -> None:
    """Nothing happens to the job, and a token is revoked meanwhile."""
    answers = iter([True, False])

    async def is_admitted() -> bool:
        return next(answers)

    assert await next_news(Watch(), is_admitted, interval=0.01) is None
    assert next(answers, None) is None


async def test_news_come_after_silence() -> None:
    """Looking at who listens loses nothing."""
    watch = Watch()

    async def is_admitted() -> bool:
        watch.read(QUEUED)
        return True

    assert await next_news(watch, is_admitted, interval=0.01) == QUEUED
