"""Deliveries are claimed fairly, for a while, and end as delivered or dead."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from structlog.testing import capture_logs

from shared.contracts.callbacks import DeliveryState
from shared.store.callbacks.deliveries import (
    ClaimedDelivery,
    Room,
    claim_due,
    note_delivered,
    note_failed,
    release_claim,
)
from shared.store.callbacks.views import callback_stats, redeliver
from shared.store.models import CallbackDelivery, Job
from shared.store.postgres.database import Database
from shared.store.retention import prune_jobs
from tests.support.callback_rows import (
    add_job,
    asked,
    change_deliveries,
    deliveries,
    end,
    fail_job,
)

PAST = func.now() - timedelta(seconds=1)


async def claim(database: Database, **different: Any) -> list[ClaimedDelivery]:
    """Claim due deliveries as a worker does that is idle."""
    room = replace(Room(slots=16, per_host=4), **different)
    async with database.transaction() as session:
        return await claim_due(session, room, 30)


async def ended_jobs(database: Database, host: str, count: int) -> None:
    """Queue a delivery to a host for each of `count` jobs."""
    for number in range(count):
        await end(database, await add_job(database, asked(f"https://{host}/{number}", host=host)))


async def test_a_claim_has_what_is_sent(database: Database) -> None:
    """Only a callback that asked for the output gets it."""
    with_output = asked("https://a.example.com/", include_output=True)
    job = {"user_id": "u", "request_id": "r", "trace_carrier": {"traceparent": "x"}}
    job_id = await add_job(database, asked(), with_output, **job)
    await end(database, job_id)

    claimed = sorted(await claim(database), key=lambda delivery: delivery.url)
    assert [delivery.output for delivery in claimed] == [{"a": 1.0}, None]
    first = claimed[0]
    assert (first.url, first.event, first.attempts) == (with_output.url, "job.succeeded", 1)
    assert (first.job_id, first.tenant_id, first.user_id, first.request_id) == (
        job_id, "t", "u", "r",
    )  # fmt: skip
    assert (first.error, first.trace_carrier) == (None, {"traceparent": "x"})


async def test_the_error_of_the_job_is_sent(database: Database) -> None:
    job_id = await add_job(database, asked(include_output=True))
    async with database.transaction() as session:
        await fail_job(session, job_id)

    (claimed,) = await claim(database)
    assert claimed.error is not None
    assert (claimed.error.code, claimed.output) == ("no_text_found", None)


async def test_a_claimed_delivery_is_due_again_when_its_claim_ends(database: Database) -> None:
    """The worker may have died."""
    await ended_jobs(database, "a", 1)

    assert len(await claim(database)) == 1
    assert await claim(database) == []
    await change_deliveries(database, due_at=PAST)
    assert [delivery.attempts for delivery in await claim(database)] == [2]


async def test_hosts_take_turns(database: Database) -> None:
    """A host with many older deliveries gets no more slots than others."""
    await ended_jobs(database, "slow", 6)
    await ended_jobs(database, "fast", 1)

    assert [row.host for row in await claim(database, slots=2, busy={})].count("fast") == 1
    hosts = [row.host for row in await claim(database, busy={"slow": 1})]
    assert hosts == ["slow"] * 3


async def test_a_busy_host_gets_nothing_more(database: Database) -> None:
    """The deliveries that this worker is sending already count."""
    await ended_jobs(database, "slow", 3)
    await ended_jobs(database, "fast", 3)

    busy = {"slow": 4, "fast": 2}
    assert [row.host for row in await claim(database, busy=busy)] == ["fast"] * 2


async def test_a_host_that_answers_has_what_others_leave(database: Database) -> None:
    """A reserve stays free for hosts that become due later. Other hosts still come first."""
    await ended_jobs(database, "fast", 12)
    await ended_jobs(database, "slow", 12)
    room = {"slots": 12, "busy": {"slow": 2, "fast": 2}, "answering": ["fast"], "reserve": 3}
    first = Counter(row.host for row in await claim(database, **room))
    assert first == {"slow": 2, "fast": 7}

    room |= {"slots": 3, "busy": {"slow": 4, "fast": 9}}
    assert await claim(database, **room) == []
    await ended_jobs(database, "other", 5)
    assert [row.host for row in await claim(database, **room)] == ["other"] * 3


@pytest.mark.parametrize(
    ("delivery", "job"),
    [
        ({"error": {"code": "new", "error_class": "of_a_newer_worker"}}, {}),
        ({"event": "job.paused"}, {}),
        ({}, {"feature": "of_a_newer_worker"}),
    ],
    ids=["error", "event", "feature"],
)
async def test_a_row_of_a_newer_version_holds_up_no_other(
    database: Database, delivery: dict[str, Any], job: dict[str, Any]
) -> None:
    """The row counts as a failed attempt, and a newer worker may send it a minute later."""
    await ended_jobs(database, "new", 1)
    await change_deliveries(database, **{"event": CallbackDelivery.event, **delivery})
    async with database.transaction() as session:
        await session.execute(update(Job).values(**{"feature": Job.feature, **job}))
    await ended_jobs(database, "old", 2)

    with capture_logs() as logs:
        assert [row.host for row in await claim(database)] == ["old", "old"]
    async with database.transaction() as session:
        query = select(CallbackDelivery).where(CallbackDelivery.host == "new")
        (left,) = (await session.scalars(query)).all()
    assert (left.state, left.attempts, left.due_at - left.created_at > timedelta(seconds=59)) == (
        "pending", 1, True,
    )  # fmt: skip
    assert left.last_error == "An internal error occurred; it has been logged."
    assert [(line["event"], line["delivery_id"]) for line in logs] == [
        ("callback.unreadable", str(left.id))
    ]


async def test_two_workers_never_claim_the_same(database: Database) -> None:
    """Rows that are being claimed are skipped, not waited for."""
    await ended_jobs(database, "a", 3)
    room = Room(slots=2, per_host=2)
    async with database.transaction() as first, database.transaction() as second:
        claims = [await claim_due(first, room, 30), await claim_due(second, room, 30)]

    assert [len(claimed) for claimed in claims] == [2, 1]


async def test_a_failed_attempt_is_due_later(database: Database) -> None:
    await ended_jobs(database, "a", 1)
    (claimed,) = await claim(database)
    assert await fail(database, claimed, pause=60) is DeliveryState.PENDING

    assert await claim(database) == []
    (row,) = await deliveries(database, claimed.job_id)
    assert (row.last_status, row.last_error) == (500, "no")
    assert timedelta(seconds=50) < row.due_at - row.created_at < timedelta(seconds=70)


async def test_a_delivery_is_dead_after_a_day(database: Database) -> None:
    """A dead delivery is not claimed, until somebody asks for it by hand."""
    await ended_jobs(database, "a", 1)
    await change_deliveries(database, pending_since=func.now() - timedelta(hours=23))
    (claimed,) = await claim(database)
    assert await fail(database, claimed, pause=7200) is DeliveryState.DEAD
    await change_deliveries(database, due_at=PAST)
    assert await claim(database) == []
    stats = await callback_stats(database)
    async with database.transaction() as session:
        assert await redeliver(session, claimed.job_id, claimed.id) is not None

    assert (stats.pending, stats.dead, stats.oldest_age) == (0, 1, 0.0)
    (again,) = await claim(database)
    assert (again.id, again.attempts) == (claimed.id, 1)
    assert await fail(database, again, pause=7200) is DeliveryState.PENDING


async def test_a_late_failure_changes_nothing(database: Database) -> None:
    """Another worker has claimed the delivery since."""
    await ended_jobs(database, "a", 1)
    (late,) = await claim(database)
    await change_deliveries(database, due_at=PAST)
    (claimed,) = await claim(database)

    assert await fail(database, late, pause=0) is None
    async with database.transaction() as session:
        await release_claim(session, late)
    assert await claim(database) == []
    assert await deliver(database, claimed)
    assert await fail(database, claimed, pause=0) is None
    (row,) = await deliveries(database, late.job_id)
    assert (row.state, row.last_status, row.last_error) == ("delivered", 204, None)


async def test_a_late_success_counts(database: Database) -> None:
    """The receiver has the callback, so nobody need send it again."""
    await ended_jobs(database, "a", 1)
    (late,) = await claim(database)
    await change_deliveries(database, due_at=PAST)
    await claim(database)

    assert await deliver(database, late)
    assert await claim(database) == []


async def test_redelivery_is_not_ended_by_an_earlier_success(database: Database) -> None:
    """Somebody asked for another request, and gets one."""
    await ended_jobs(database, "a", 1)
    (claimed,) = await claim(database)
    async with database.transaction() as session:
        row = await redeliver(session, claimed.job_id, claimed.id)
    assert row is not None

    assert not await deliver(database, claimed)
    assert len(await claim(database)) == 1


async def test_a_released_delivery_is_due_at_once(database: Database) -> None:
    await ended_jobs(database, "a", 1)
    (claimed,) = await claim(database)
    async with database.transaction() as session:
        await release_claim(session, claimed)

    assert [row.id for row in await claim(database)] == [claimed.id]


@pytest.mark.parametrize(
    ("delivery", "pruned"),
    [
        ({"state": "pending"}, 0),
        ({"pending_since": func.now() - timedelta(days=2)}, 1),
        ({"state": "delivered"}, 1),
        ({"state": "dead"}, 1),
    ],
    ids=["pending", "too old", "delivered", "dead"],
)
async def test_a_job_is_kept_until_its_callbacks_are_sent(
    database: Database, delivery: dict[str, Any], pruned: int
) -> None:
    """The retention of jobs may be shorter than the day for which a delivery is tried."""
    await ended_jobs(database, "a", 1)
    await change_deliveries(database, **delivery)
    async with database.transaction() as session:
        assert (await prune_jobs(session, 0)).count == pruned


async def test_stats_have_the_age_of_the_oldest(database: Database) -> None:
    await ended_jobs(database, "a", 2)
    await change_deliveries(database, pending_since=func.now() - timedelta(minutes=1))
    stats = await callback_stats(database)

    assert (stats.pending, stats.dead) == (2, 0)
    assert 60 <= stats.oldest_age < 120


async def deliver(database: Database, claimed: ClaimedDelivery) -> bool:
    """Record that the receiver answered 204."""
    async with database.transaction() as session:
        return await note_delivered(session, claimed, 204)


async def fail(
    database: Database, claimed: ClaimedDelivery, *, pause: float | None
) -> DeliveryState | None:
    """Record that the receiver answered 500."""
    async with database.transaction() as session:
        return await note_failed(session, claimed, status=500, error="no", pause=pause)
