"""Acceptance of many jobs with one statement: who inserts, who finds, and what the others get."""

import asyncio
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text, update

from shared.contracts.features import Feature
from shared.contracts.jobs import JobStatus
from shared.rejections import IdempotencyKeyReused
from shared.store.hot import accepting_sql
from shared.store.hot.accepting import Acceptance, Accepted, NewJob, accept
from shared.store.models import Job, JobCallback, JobImage
from shared.store.postgres.database import Database
from tests.support.callback_rows import asked, read_job_row
from tests.support.job_rows import accept_but, insert_job, new_job


def accepted(result: Acceptance) -> Accepted:
    """Return the job of a result that has one."""
    assert isinstance(result, Accepted), result
    return result


async def test_a_new_job_is_stored_as_it_was_asked_for(database: Database) -> None:
    """The answer has what the database added, so that nobody reads the row again."""
    new = new_job(
        payload='{"b": 1, "a": "\\u00e9"}',
        user_id="u",
        request_id="r",
        priority=4,
        trace_carrier={"traceparent": "00-x"},
    )
    result = accepted((await accept_but(database, [new]))[0])

    row = await read_job_row(database, new.id)
    assert (result.id, result.state, result.replayed) == (new.id, JobStatus.QUEUED, False)
    assert result.created_at == row.created_at == row.queued_at == row.published_at
    assert (row.payload, list(row.payload)) == ({"b": 1, "a": "é"}, ["b", "a"])
    assert (row.tenant_id, row.user_id, row.request_id, row.priority) == ("t", "u", "r", 4)
    assert (row.feature, row.queue) == (Feature.CATEGORIZATION, "items")
    assert row.trace_carrier == {"traceparent": "00-x"}
    assert (row.state, row.dispatch, row.attempt) == (JobStatus.QUEUED, 1, 0)


async def test_one_statement_inserts_and_finds(database: Database) -> None:
    """Each caller gets its own answer, in the order of the jobs."""
    known = new_job(idempotency_key="known")
    await accept_but(database, [known])
    fresh = new_job(idempotency_key="a")
    again, misused = new_job(idempotency_key="known"), new_job(idempotency_key="known")
    twin, refused = new_job(idempotency_key="a"), new_job()
    misused = replace(misused, request_hash="other work")

    results = await accept_but(database, [again, refused, fresh, misused, twin], {refused.id})

    assert accepted(results[0]) == replace(accepted(results[0]), id=known.id, replayed=True)
    assert results[1] is None
    ids = {accepted(results[2]).id, accepted(results[4]).id}
    assert [accepted(results[2]).replayed, accepted(results[4]).replayed].count(True) == 1
    assert ids <= {fresh.id, twin.id}
    assert len(ids) == 1
    assert isinstance(results[3], IdempotencyKeyReused)
    assert await _count(database) == 2


async def test_a_job_that_may_not_be_inserted_is_found(database: Database) -> None:
    """A full queue refuses new work, and no answer."""
    known, again = new_job(idempotency_key="k"), new_job(idempotency_key="k")
    await accept_but(database, [known])

    (found,) = await accept_but(database, [again], {again.id})

    assert accepted(found).id == known.id


@pytest.mark.parametrize(
    ("state", "finished", "joined"),
    [
        ("queued", None, True),
        ("running", None, True),
        ("succeeded", "59 minutes", True),
        ("succeeded", "61 minutes", False),
        ("failed", "1 minute", False),
        ("cancelled", "1 minute", False),
    ],
)
async def test_the_same_content_is_the_same_job(
    database: Database, state: str, finished: str | None, joined: bool
) -> None:
    """A job is joined while it lives and for an hour after it succeeded, but never if it failed."""
    first, second = new_job(content_key="c"), new_job(content_key="c")
    await accept_but(database, [first])
    ago = finished and func.now() - text(f"interval '{finished}'")
    worker = "w" if state == "running" else None
    async with database.transaction() as session:
        await session.execute(update(Job).values(state=state, worker_id=worker, finished_at=ago))

    (result,) = await accept_but(database, [second])

    assert accepted(result).id == (first.id if joined else second.id)
    assert accepted(result).replayed is joined


async def test_the_newest_job_of_a_content_is_joined(database: Database) -> None:
    """The result of that job is the latest."""
    first, second, third = (new_job(content_key="c") for _ in range(3))
    for new in (first, second):
        async with database.transaction() as session:
            await insert_job(session, new)
            done = {"state": "succeeded", "finished_at": func.now()}
            await session.execute(update(Job).values(**done))

    (result,) = await accept_but(database, [third])

    assert accepted(result).id == second.id


async def test_a_repeated_statement_finds_its_own_rows(database: Database) -> None:
    """The connection broke before Postgres answered, so the statement is sent again."""
    news = [new_job(), new_job(idempotency_key="k"), new_job(content_key="c")]
    first = await accept_but(database, news)
    again = await accept_but(database, news)

    assert first == again
    assert not any(accepted(result).replayed for result in again)
    assert await _count(database) == 3


async def test_a_job_that_postgres_refuses_spoils_no_other(database: Database) -> None:
    """The others are accepted, and the error is that of Postgres."""
    good, null, wrong, last = (
        new_job(),
        new_job(user_id="\x00"),
        new_job(payload="no json"),
        new_job(),
    )
    results = await accept_but(database, [good, null, wrong, last])

    assert accepted(results[0]).id == good.id
    assert isinstance(results[1], asyncpg.PostgresError)
    assert isinstance(results[2], asyncpg.PostgresError)
    assert accepted(results[3]).id == last.id
    assert await _count(database) == 2


async def test_images_and_callbacks_are_stored_with_new_jobs_only(database: Database) -> None:
    """A job that was found has its own image; whether it gets the callback is up to the caller."""
    receipt = new_job(feature=Feature.RECEIPT_EXTRACTION, image=b"\xff\x00", idempotency_key="k")
    item = new_job(callback=asked(include_output=True))
    await accept_but(database, [receipt, item])
    again = new_job(
        feature=Feature.RECEIPT_EXTRACTION,
        image=b"\xff\x00",
        idempotency_key="k",
        callback=asked(),
    )
    (found,) = await accept_but(database, [again])

    assert accepted(found).id == receipt.id
    async with database.transaction() as session:
        images = (await session.scalars(select(JobImage))).all()
        callbacks = (await session.scalars(select(JobCallback))).all()
    assert [(image.job_id, image.content) for image in images] == [(receipt.id, b"\xff\x00")]
    (callback,) = callbacks
    wanted = asked()
    assert (callback.job_id, callback.url, callback.host) == (item.id, wanted.url, wanted.host)
    assert (callback.events, callback.include_output) == (list(wanted.events), True)


async def test_equal_jobs_in_opposite_order_do_not_block_each_other(
    database_url: str, database: Database
) -> None:
    """Two fronts get the same keys at the same moment, each in its own order."""
    name = urlsplit(database_url).path.strip("/")
    async with database.transaction() as session:
        # If two statements wait for each other, Postgres now notices that too late for this test.
        await session.execute(text(f"ALTER DATABASE {name} SET deadlock_timeout = '60s'"))

    async def front(keys: list[str]) -> list[Acceptance]:
        return await accept_but(database, [new_job(idempotency_key=key) for key in keys])

    for number in range(5):
        keys = [f"k{number}.{place}" for place in range(100)]
        async with asyncio.timeout(20):
            ways = await asyncio.gather(front(keys), front(keys[::-1]), front(keys))
        ids = [[accepted(result).id for result in way] for way in ways]
        assert ids[0] == ids[1][::-1] == ids[2]


KEYS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.builds(dict, idempotency_key=st.sampled_from("ab"), request_hash=st.sampled_from("hi")),
    st.builds(dict, content_key=st.sampled_from("cd")),
    st.just({}),
)
ASKED = st.tuples(KEYS, st.sampled_from(["t", "u"]), st.booleans())
BATCHES = st.lists(st.lists(ASKED, min_size=1, max_size=6), min_size=1, max_size=5)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(batches=BATCHES)
async def test_there_is_one_job_for_each_key(
    database: Database, batches: list[list[tuple[dict[str, Any], str, bool]]]
) -> None:
    """Whatever is asked for at once, nobody gets the job of somebody else, or none in vain."""
    run = uuid4().hex
    made = [
        [(new_job(tenant_id=f"{tenant}-{run}", **key), may) for key, tenant, may in batch]
        for batch in batches
    ]
    answers = await asyncio.gather(
        *(
            accept_but(
                database, [new for new, _ in batch], {new.id for new, may in batch if not may}
            )
            for batch in made
        )
    )
    async with database.transaction() as session:
        of_run = select(Job).where(Job.tenant_id.endswith(run))
        rows = {row.id: row for row in (await session.scalars(of_run)).all()}
    keyed = [
        (row.tenant_id, row.idempotency_key, row.content_key)
        for row in rows.values()
        if row.idempotency_key or row.content_key
    ]
    assert len(keyed) == len(set(keyed))
    for batch, results in zip(made, answers, strict=True):
        for (new, may), result in zip(batch, results, strict=True):
            _check(rows, new, may, result)


def _check(rows: dict[Any, Job], new: NewJob, may: bool, result: Acceptance) -> None:
    if result is None:
        assert not may
        return
    if isinstance(result, IdempotencyKeyReused):
        (row,) = [
            row
            for row in rows.values()
            if (row.tenant_id, row.idempotency_key) == (new.tenant_id, new.idempotency_key)
        ]
        assert row.request_hash != new.request_hash
        return
    row = rows[accepted(result).id]
    assert (row.tenant_id, row.request_hash) == (new.tenant_id, new.request_hash)
    assert (row.idempotency_key, row.content_key) == (new.idempotency_key, new.content_key)
    assert accepted(result).replayed is (row.id != new.id)
    assert may or row.id != new.id


async def test_a_receipt_without_room_leaves_no_image(database: Database) -> None:
    """An image is stored before the room is counted, and goes again if there is none."""
    receipts = [
        new_job(feature=Feature.RECEIPT_EXTRACTION, image=b"image", idempotency_key=f"{n}")
        for n in range(3)
    ]
    ceilings = {new.id: 2 for new in receipts}
    together = await accept(database, receipts, ceilings)
    again = await accept(database, receipts, {})

    assert together == again
    assert [result and accepted(result).id for result in together] == [
        receipts[0].id, receipts[1].id, None,
    ]  # fmt: skip
    async with database.transaction() as session:
        images = (await session.scalars(select(JobImage.job_id))).all()
    assert set(images) == {new.id for new in receipts[:2]}


async def test_every_look_up_is_by_its_index(database: Database, database_url: str) -> None:
    """A plan that was made for any arguments stays good however many jobs a tenant has."""
    news = [new_job(idempotency_key=f"k{n}") for n in range(300)]
    await accept_but(database, [*news, *(new_job(content_key=f"c{n}") for n in range(300))])
    connection = await asyncpg.connect(database_url)
    await connection.execute("ANALYZE jobs")
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    await connection.execute(f"PREPARE accepting AS {accepting_sql.ACCEPT.sql}")
    nothing = ", ".join(["NULL"] * accepting_sql.ACCEPT.sql.count("[]"))
    plan = "\n".join(
        row[0] for row in await connection.fetch(f"EXPLAIN EXECUTE accepting({nothing})")
    )
    await connection.close()

    assert "Seq Scan on jobs" not in plan
    for index in ("pk_jobs", "uq_jobs_idempotency_key", "ix_jobs_content_key"):
        assert f"using {index}" in plan, plan


async def _count(database: Database) -> int:
    async with database.transaction() as session:
        return (await session.scalars(select(func.count()).select_from(Job))).one()
