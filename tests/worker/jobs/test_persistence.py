"""What a worker has to write is written again until Postgres has committed it."""

import pytest
from sqlalchemy import func, select

from shared.store.models import Job
from shared.store.postgres.database import Database, Session
from tests.support.job_rows import insert_job, new_job
from worker.jobs.persistence import committed


@pytest.mark.parametrize("cuts", [0, 1, 3])
async def test_work_is_done_again_until_it_is_committed(database: Database, cuts: int) -> None:
    """The connection is cut after the work, so that the commit fails."""
    tries = 0

    async def work(session: Session) -> int:
        nonlocal tries
        tries += 1
        await insert_job(session, new_job())
        if tries <= cuts:
            await _cut(database, session)
        return tries

    assert await committed(database, work) == cuts + 1
    assert tries == cuts + 1
    assert await _jobs(database) == 1


async def test_work_is_done_again_if_a_statement_fails(database: Database) -> None:
    """The connection is cut in the middle of the work."""
    tries = 0

    async def work(session: Session) -> None:
        nonlocal tries
        tries += 1
        await insert_job(session, new_job())
        if tries == 1:
            await _cut(database, session)
        await insert_job(session, new_job())

    await committed(database, work)

    assert tries == 2
    assert await _jobs(database) == 2


async def test_other_errors_pass_through(database: Database) -> None:
    """The work is not done again, and nothing of it is stored."""
    tries = 0

    async def work(session: Session) -> None:
        nonlocal tries
        tries += 1
        await insert_job(session, new_job())
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        await committed(database, work)

    assert tries == 1
    assert await _jobs(database) == 0


async def _cut(database: Database, session: Session) -> None:
    """End the server process of a transaction, and wait up to ten seconds until it is gone."""
    process = await session.scalar(select(func.pg_backend_pid()))
    async with database.transaction() as other:
        assert await other.scalar(select(func.pg_terminate_backend(process, 10_000)))


async def _jobs(database: Database) -> int:
    async with database.transaction() as session:
        return int(await session.scalar(select(func.count(Job.id))) or 0)
