"""Many jobs are claimed, and many attempts end, with one statement each."""

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from shared.contracts.features import Feature, Queue
from shared.contracts.jobs import JobError, JobStatus
from shared.contracts.outcomes import AttemptOutcome
from shared.errors import EngineUnavailable, TimedOut
from shared.rejections import NoTextFound
from shared.store.hot.accepting import Accepted
from shared.store.hot.beating import WorkerReport, beat
from shared.store.hot.claiming import Claim, Claims, claim
from shared.store.hot.leases import Leases
from shared.store.hot.storing import AttemptRecord, Ending, Locked, Unstorable, store
from shared.store.models import Job
from shared.store.postgres.database import Database
from shared.store.postgres.statements import Row, Statement
from tests.support.job_rows import accept_but, history, insert_job, locking, new_job

RECORD = AttemptRecord(stages=[], trace_id=None)


async def submitted(database: Database, count: int, **different: Any) -> list[UUID]:
    """Insert queued jobs; return their ids."""
    async with database.transaction() as session:
        jobs = [await insert_job(session, new_job(**different)) for _ in range(count)]
    return [job.id for job in jobs]


async def claimed(database: Database, count: int) -> list[Claim]:
    """Insert jobs, and claim them by the worker `w`."""
    ids = await submitted(database, count)
    claims = await claim(database.fetch, Queue.ITEMS, [(each, 1) for each in ids], "w", 15)
    return sorted(claims.made, key=lambda held: ids.index(held.job_id))


def success(held: Claim, output: str = '{"a": 1}', **different: Any) -> Ending:
    """Return an ending with a result, of which `different` replaces values."""
    values = {"record": RECORD, "model_id": "m", "model_version": "1", **different}
    return Ending(claim=held, outcome=AttemptOutcome.SUCCEEDED, output=output, **values)


async def test_those_that_wait_are_claimed(database: Database) -> None:
    """A job that another worker holds, an old message and a job of a newer version stay alone."""
    waiting, taken, old, newer = await submitted(database, 4)
    await claim(database.fetch, Queue.ITEMS, [(taken, 1)], "another", 15)
    async with database.transaction() as session:
        await session.execute(update(Job).where(Job.id == old).values(dispatch=2))
        await session.execute(update(Job).where(Job.id == newer).values(feature="telepathy"))
    keys = [(waiting, 1), (taken, 1), (old, 1), (newer, 1), (UUID(int=1), 1)]
    claims = await claim(database.fetch, Queue.ITEMS, keys, "w", 15)

    assert [held.job_id for held in claims.made] == [waiting]
    assert claims.locked == frozenset()
    async with database.transaction() as session:
        rows = {job_id: await session.get_one(Job, job_id) for job_id in (taken, old, newer)}
    assert {(job.worker_id, job.state) for job in rows.values()} == {
        ("another", "running"),
        (None, "queued"),
    }


async def test_receipts_are_claimed_with_their_images(database: Database) -> None:
    """Nothing is claimed through the other queue, where images are not read."""
    receipt = {"feature": Feature.RECEIPT_EXTRACTION, "payload": '{"a": ["ü"]}'}
    (accepted,) = await accept_but(database, [new_job(**receipt, image=b"image")])
    assert isinstance(accepted, Accepted)
    pruned = await submitted(database, 1, feature=Feature.RECEIPT_EXTRACTION)
    keys = [(job_id, 1) for job_id in (accepted.id, *pruned)]
    assert await claim(database.fetch, Queue.ITEMS, keys, "w", 15) == Claims([])
    claims = (await claim(database.fetch, Queue.RECEIPTS, keys, "w", 15)).made

    assert {held.job_id: held.image for held in claims} == {
        accepted.id: b"image",
        pruned[0]: None,
    }
    assert {str(held.payload) for held in claims} == {"{'a': ['ü']}", "{}"}


async def test_attempts_that_end_in_every_way_go_together(database: Database) -> None:
    """Every job has its own state, and every attempt its own record."""
    held = await claimed(database, 7)
    error = {name: JobError.of(name()) for name in (NoTextFound, TimedOut, EngineUnavailable)}
    endings = [
        success(held[0]),
        Ending(
            claim=held[1], record=RECORD, outcome=AttemptOutcome.FAILED, error=error[NoTextFound]
        ),
        Ending(claim=held[2], record=RECORD, outcome=AttemptOutcome.CANCELLED),
        Ending(claim=held[3], record=RECORD, outcome=AttemptOutcome.RELEASED),
        Ending(claim=held[4], record=RECORD, outcome=AttemptOutcome.RETRIED, error=error[TimedOut]),
        Ending(
            claim=held[5],
            record=RECORD,
            outcome=AttemptOutcome.PUT_BACK,
            error=error[EngineUnavailable],
        ),
    ]
    async with database.transaction() as session:
        await session.execute(
            update(Job).where(Job.id == held[6].job_id).values(dispatch=2, worker_id="another")
        )
    states = await store(database.fetch, "w", [*endings, success(held[6])])

    expected = ["succeeded", "failed", "cancelled", "queued", "queued", "queued", None]
    assert states == expected
    async with database.transaction() as session:
        jobs = [await session.get_one(Job, each.job_id) for each in held]
        records = [[a.outcome for a in await history(session, job)] for job in jobs]
    assert [job.state for job in jobs] == [*expected[:6], "running"]
    assert records == [["succeeded"], ["failed"], ["cancelled"], ["released"], ["failed"], [], []]
    assert [job.spent_timeout for job in jobs] == [0, 0, 0, 0, 1, 0, 0]


@pytest.mark.parametrize("poison", [{"output": "no JSON"}, {"model_id": "\0"}])
async def test_what_postgres_refuses_spoils_no_other(
    database: Database, poison: dict[str, str]
) -> None:
    """The others are stored, and its own job can still end in another way."""
    held = await claimed(database, 3)
    stored = await store(
        database.fetch, "w", [success(held[0]), success(held[1], **poison), success(held[2])]
    )

    assert (stored[0], stored[2]) == (JobStatus.SUCCEEDED, JobStatus.SUCCEEDED)
    assert isinstance(stored[1], Unstorable)
    assert await store(database.fetch, "w", [success(held[1])]) == [JobStatus.SUCCEEDED]


async def test_an_answer_that_is_lost_costs_nothing(database: Database) -> None:
    """The connection breaks after Postgres has committed, once for the claim and once for the
    outcome, and each is found again."""
    (job_id,) = await submitted(database, 1)

    async def fetch(statement: Statement, *arguments: object) -> Sequence[Row]:
        await database.fetch(statement, *arguments)
        return await database.fetch(statement, *arguments)

    key = (job_id, 1)
    await claim(database.fetch, Queue.ITEMS, [key], "w", 15)
    (held,) = (await claim(database.fetch, Queue.ITEMS, [key], "w", 15, {key})).made
    assert await store(fetch, "w", [success(held, json.dumps({"ü": [1.5]}))]) == ["succeeded"]

    async with database.transaction() as session:
        job = await session.get_one(Job, job_id)
        (attempt,) = await history(session, job)
    assert (job.attempt, attempt.number, job.output) == (1, 1, {"ü": [1.5]})


async def test_a_key_that_no_row_can_have_spoils_no_other_claim(database: Database) -> None:
    """The others are claimed."""
    first, last = await submitted(database, 2)
    keys = [(first, 1), (last, 2**31), (last, 1)]
    claims = await claim(database.fetch, Queue.ITEMS, keys, "w", 15)

    assert [held.job_id for held in claims.made] == [first, last]


async def test_a_row_that_another_session_has_locked_holds_up_no_other(database: Database) -> None:
    """The job is neither claimed nor refused, then held, and then neither stored nor refused."""
    ids = await submitted(database, 3)
    keys = [(job_id, 1) for job_id in ids]
    worker = WorkerReport(id="w", version="1", queues=[], slots={}, components={})
    async with locking(database, ids[1]):
        claims = await claim(database.fetch, Queue.ITEMS, keys, "w", 15)
    first, last = sorted(claims.made, key=lambda held: ids.index(held.job_id))
    assert [first.job_id, last.job_id] == [ids[0], ids[2]]
    assert claims.locked == {keys[1]}

    (middle,) = (await claim(database.fetch, Queue.ITEMS, keys, "w", 15)).made
    held = [first, middle, last]
    async with locking(database, ids[1]):
        beaten = await beat(database.fetch, worker, ids, Leases(60, 5))
        stored = await store(database.fetch, "w", [success(each) for each in held])
    assert beaten.jobs == set(ids)
    assert stored == [JobStatus.SUCCEEDED, Locked(), JobStatus.SUCCEEDED]

    async with database.transaction() as session:
        row = await session.get_one(Job, ids[1])
        assert row.lease_until == middle.started_at + timedelta(seconds=15)
    assert await store(database.fetch, "w", [success(middle)]) == [JobStatus.SUCCEEDED]


async def test_heartbeats_and_endings_never_wait_for_each_other(database: Database) -> None:
    """Both change the same rows at once, in whatever order they are passed, and neither fails."""
    worker = WorkerReport(id="w", version="1", queues=[], slots={}, components={})
    for _ in range(20):
        held = await claimed(database, 30)
        endings = [success(each) for each in reversed(held)]
        _, stored = await asyncio.gather(
            beat(database.fetch, worker, [each.job_id for each in held], Leases(15, 5)),
            store(database.fetch, "w", endings),
        )
        assert set(map(str, stored)) <= {"succeeded", str(Locked())}
