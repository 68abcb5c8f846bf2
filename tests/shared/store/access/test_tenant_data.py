"""Everything of a tenant is deleted and nothing of others, and no late result brings it back."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select

from shared.contracts.jobs import JobStatus
from shared.contracts.service.access import DeletedData
from shared.settings import Settings
from shared.store.access.tenant_data import delete_data
from shared.store.hot.storing import AttemptRecord
from shared.store.images.keeping import Images
from shared.store.models import (
    AuditEntry,
    Base,
    CallbackDelivery,
    Job,
    JobAttempt,
    JobCallback,
    JobImage,
)
from shared.store.postgres.database import Database
from shared.store.transitions.by_hand import Cancelling
from tests.support import holding
from tests.support.callback_rows import add_job, asked, end
from tests.support.fronts import front_client
from tests.support.runners import ITEM, Gate, worker_with
from tests.support.waiting import wait_until

ROWS: Sequence[type[Base]] = (Job, JobImage, JobAttempt, JobCallback, CallbackDelivery)


async def delete(database: Database, tenant_id: str = "home") -> tuple[DeletedData, list[UUID]]:
    """Delete the data of a tenant; return the counts, and the jobs that were cancelled."""
    heard: list[UUID] = []

    async def cancelled(job_id: UUID, cancelling: Cancelling) -> None:
        assert cancelling.state is JobStatus.CANCELLED
        heard.append(job_id)

    return await delete_data(
        database, Images(), tenant_id, actor="test", cancelled=cancelled
    ), heard


async def counts(database: Database) -> list[int]:
    """Return the numbers of rows of ROWS."""
    async with database.transaction() as session:
        return [
            (await session.scalars(select(func.count()).select_from(table))).one() for table in ROWS
        ]


async def test_everything_of_a_tenant_is_deleted(database: Database) -> None:
    """Jobs go with images, attempts, callbacks and deliveries. A second call finds nothing."""
    for tenant_id in ("home", "other"):
        ended = await add_job(database, asked(), asked("https://b.example/"), tenant_id=tenant_id)
        await end(database, ended)
        queued = await add_job(database, asked(), tenant_id=tenant_id)
        async with database.transaction() as session:
            session.add(JobImage(job_id=queued, content=b"image"))
    before = await counts(database)
    assert before == [4, 2, 2, 6, 4]

    deleted, heard = await delete(database)
    again, nobody = await delete(database)

    expected = {"jobs": 2, "images": 1, "callbacks": 3, "deliveries": 3, "cancelled": 1}
    assert deleted == DeletedData(tenant_id="home", **expected)
    assert (again, nobody) == (DeletedData(tenant_id="home", **dict.fromkeys(expected, 0)), [])
    assert len(heard) == 1
    assert heard != [queued]
    assert await counts(database) == [number // 2 for number in before]


async def test_more_than_a_chunk_is_deleted(database: Database) -> None:
    """Each chunk is committed by itself."""
    for _ in range(230):
        await add_job(database, tenant_id="home")
    deleted, heard = await delete(database)

    assert (deleted.jobs, deleted.cancelled, len(heard)) == (230, 230, 230)
    assert await counts(database) == [0] * len(ROWS)


async def test_what_operators_do_is_recorded(database: Database) -> None:
    """The row is written first, so that it is there after a crash in the middle."""
    await delete(database, "home")
    async with database.transaction() as session:
        entry = (await session.scalars(select(AuditEntry))).one()

    assert (entry.action, entry.actor, entry.subject) == ("tenant.delete_data", "test", "home")
    assert entry.tenant_id == "home"


async def test_a_worker_stops_what_it_runs(settings: Settings, database: Database) -> None:
    """Other jobs are done as ever."""
    gate = Gate()
    async with front_client(settings) as client, worker_with(settings, gate):
        await client.submit("categorization", ITEM)
        await gate.begun.wait()
        deleted, _ = await delete(database, "tenant")
        await wait_until(lambda: gate.stopped, "the worker stopped it")
        gate.opened.set()
        after = await client.submit("categorization", ITEM)
        await client.await_job(after.id)

    assert (deleted.jobs, deleted.cancelled) == (1, 1)
    async with database.transaction() as session:
        assert (await session.scalars(select(Job.id))).all() == [after.id]
        assert {row.job_id for row in await session.scalars(select(JobAttempt))} == {after.id}


async def test_a_late_result_is_refused(database: Database) -> None:
    """A worker that does not answer holds a claim on a row that is gone."""
    job_id = await add_job(database, asked(), tenant_id="home")
    async with database.transaction() as session:
        held = await holding.claim(session, job_id, 1, "worker", 15)
    assert held is not None
    deleted, heard = await delete(database)
    record = AttemptRecord(stages=[], trace_id=None)
    async with database.transaction() as session:
        stored = await holding.succeed(
            session, held, record, output={"a": 1.0}, model_id="m", model_version="1"
        )

    assert (deleted.jobs, deleted.cancelled, heard) == (1, 1, [])
    assert not stored
    assert await counts(database) == [0] * len(ROWS)


async def test_jobs_that_come_meanwhile_stay(database: Database) -> None:
    """The call deletes what was there when it began, so it ends whoever submits."""
    await add_job(database, tenant_id="home")
    added: list[UUID] = []

    async def cancelled(_job_id: UUID, _cancelling: Cancelling) -> None:
        added.append(await add_job(database, tenant_id="home"))

    await delete_data(database, Images(), "home", actor="test", cancelled=cancelled)

    async with database.transaction() as session:
        assert (await session.scalars(select(Job.id))).all() == added
