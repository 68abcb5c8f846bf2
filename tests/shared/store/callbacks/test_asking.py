"""A callback hears of the end of its job, whoever ends it, and whenever it was asked for."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from sqlalchemy import text, update

from shared.contracts.callbacks import CallbackEvent
from shared.rejections import CallbackRefused
from shared.store import transitions
from shared.store.callbacks.asking import MOST_URLS, ask_for_callback
from shared.store.callbacks.views import callbacks_of
from shared.store.hot.leases import Leases
from shared.store.hot.storing import AttemptRecord
from shared.store.models import Job
from shared.store.postgres.database import Database, Session
from tests.support import holding
from tests.support.callback_rows import (
    add_job,
    ask,
    asked,
    deliveries,
    end,
    fail_job,
    read_job_row,
    succeed_job,
    succeeds,
)
from tests.support.job_rows import expire
from tests.support.waiting import wait_until

RECORD = AttemptRecord(stages=[], trace_id=None)
BLOCKED = text(
    """SELECT count(*) > 0 FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock'"""
)


async def cancel_queued(session: Session, job_id: UUID) -> None:
    """Cancel a job that waits."""
    assert await transitions.cancel(session, job_id, "t")


async def cancel_running(session: Session, job_id: UUID) -> None:
    """Cancel a job that runs, whose worker then releases it."""
    held = await holding.claim(session, job_id, 1, "worker", 15)
    assert held is not None
    await transitions.cancel(session, job_id, "t")
    await holding.release(session, held, RECORD)


async def crash(session: Session, job_id: UUID) -> None:
    """Rescue a job whose budget of crashes is spent by that."""
    held = await holding.claim(session, job_id, 1, "worker", 15)
    assert held is not None
    job = await session.get_one(Job, job_id)
    await expire(session, job)
    await session.execute(update(Job).where(Job.id == job_id).values(spent_crashed=2))
    await transitions.rescue(session, 10, Leases(15, 5))


ENDINGS = [succeed_job, fail_job, cancel_queued, cancel_running, crash]


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending.__name__)
async def test_every_ending_queues_a_delivery(
    database: Database, ending: Callable[[Session, UUID], Awaitable[None]]
) -> None:
    """The row is written in the transaction that ends the job."""
    job_id = await add_job(database, asked())
    async with database.transaction() as session:
        await ending(session, job_id)

    job = await read_job_row(database, job_id)
    (delivery,) = await deliveries(database, job_id)
    assert delivery.event == f"job.{job.state}"
    assert (delivery.finished_at, delivery.error) == (job.finished_at, job.error)
    assert (delivery.state, delivery.attempts) == ("pending", 0)


async def test_an_ending_that_is_rolled_back_queues_nothing(database: Database) -> None:
    """Nobody hears of an end that did not happen."""
    job_id = await add_job(database, asked())
    async with database.transaction() as session:
        await succeed_job(session, job_id)
        await session.rollback()

    assert await deliveries(database, job_id) == []


async def test_a_callback_hears_only_of_its_events(database: Database) -> None:
    only_failures = asked(events=[CallbackEvent.JOB_FAILED])
    job_id = await add_job(database, only_failures, asked("https://b.example.com/", host="b"))
    await end(database, job_id)

    (delivery,) = await deliveries(database, job_id)
    assert delivery.host == "b"


async def test_each_end_of_a_job_that_is_retried_by_hand_has_a_delivery(database: Database) -> None:
    """Each delivery keeps the error of its own ending."""
    job_id = await add_job(database, asked())
    async with database.transaction() as session:
        await fail_job(session, job_id)
    async with database.transaction() as session:
        assert await transitions.revive(session, job_id, "t")
    async with database.transaction() as session:
        await fail_job(session, job_id, dispatch=2)

    assert [delivery.event for delivery in await deliveries(database, job_id)] == ["job.failed"] * 2


async def test_a_callback_of_an_ended_job_is_due_at_once(database: Database) -> None:
    """Each URL hears of the end once, however often it is asked for."""
    job_id = await add_job(database)
    await end(database, job_id)
    for url in ("https://a.example.com/", "https://b.example.com/", "https://a.example.com/"):
        await ask(database, job_id, asked(url))

    found = await deliveries(database, job_id)
    job = await read_job_row(database, job_id)
    assert [(row.event, row.finished_at) for row in found] == [
        ("job.succeeded", job.finished_at)
    ] * 2
    assert {row.state for row in found} == {"pending"}


async def test_two_requests_for_the_same_url_are_both_served(database: Database) -> None:
    """The callback hears of the events of both, and has the output if either asks for that."""
    job_id = await add_job(database, asked(events=[CallbackEvent.JOB_FAILED]))
    await end(database, job_id)
    assert await deliveries(database, job_id) == []
    more = [CallbackEvent.JOB_SUCCEEDED, CallbackEvent.JOB_FAILED]
    await ask(database, job_id, asked(events=more, include_output=True))

    async with database.transaction() as session:
        ((callback, found),) = await callbacks_of(session, job_id)
    assert sorted(callback.events) == ["job.failed", "job.succeeded"]
    assert callback.include_output
    assert [delivery.event for delivery in found] == ["job.succeeded"]


async def test_a_job_has_a_limited_number_of_callbacks(database: Database) -> None:
    """Requests that race do not exceed it either. A known URL may still ask for more."""
    job_id = await add_job(database)
    urls = [f"https://a.example.com/{number}" for number in range(MOST_URLS + 5)]
    answers = await asyncio.gather(
        *(ask(database, job_id, asked(url)) for url in urls), return_exceptions=True
    )
    refused = [answer for answer in answers if answer is not None]
    assert [type(error) for error in refused] == [CallbackRefused] * 5
    async with database.transaction() as session:
        found = await callbacks_of(session, job_id)
    assert len(found) == MOST_URLS
    await ask(database, job_id, asked(found[0][0].url, include_output=True))


async def test_asking_for_a_job_that_is_gone_does_nothing(database: Database) -> None:
    """Retention may delete a job between the moment it is found and the moment it is locked."""
    gone = UUID(int=0)
    await ask(database, gone, asked())

    assert await deliveries(database, gone) == []


async def test_a_job_does_not_end_while_a_callback_is_asked_for(database: Database) -> None:
    """A worker leaves out the locked row and tries again; then the trigger finds the callback."""
    job_id = await add_job(database)
    async with database.transaction() as asking:
        await ask_for_callback(asking, job_id, asked())
        async with database.transaction() as ending:
            assert not await succeeds(ending, job_id)
    await end(database, job_id)

    (delivery,) = await deliveries(database, job_id)
    assert delivery.event == "job.succeeded"


async def test_a_callback_that_is_asked_for_while_the_job_ends_waits(database: Database) -> None:
    """The request sees the end of the job once it has the lock, and queues the delivery itself."""
    job_id = await add_job(database)
    async with database.transaction() as ending:
        await succeed_job(ending, job_id)
        asking = asyncio.create_task(ask(database, job_id, asked()))
        await wait_until(lambda: blocked(database), "the request waited for the lock")
    await asking

    (delivery,) = await deliveries(database, job_id)
    assert delivery.event == "job.succeeded"


async def test_no_order_of_requests_and_endings_loses_or_doubles_a_delivery(
    database: Database,
) -> None:
    """Requests for two URLs race with the end of each of fifteen jobs."""
    job_ids = [await add_job(database) for _ in range(15)]
    urls = ("https://a.example.com/", "https://b.example.com/")
    racing = [
        work
        for job_id in job_ids
        for work in (ask(database, job_id, asked(urls[0])), end(database, job_id),
                     ask(database, job_id, asked(urls[1])))
    ]  # fmt: skip
    await asyncio.gather(*racing)

    assert [len(await deliveries(database, job_id)) for job_id in job_ids] == [2] * 15


async def blocked(database: Database) -> bool:
    """Return whether a transaction of this database waits for a lock."""
    async with database.transaction() as session:
        return bool(await session.scalar(BLOCKED))
