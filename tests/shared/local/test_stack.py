"""The parts of the system that run as processes on this machine."""

import asyncio

import asyncpg
import pytest

from shared.local.processes import LocalError
from shared.local.stack import migrate
from shared.store.schema import known_revisions


async def test_a_migration_that_fails_says_why(behind: str) -> None:
    """The error of Postgres is the only line, without traceback, statement or password."""
    connection = await asyncpg.connect(behind)
    await connection.execute("CREATE TABLE jobs (id int)")
    await connection.close()

    with pytest.raises(LocalError, match=r'relation "jobs" already exists$') as failed:
        migrate(behind)

    assert len(str(failed.value).splitlines()) == 1
    assert str(failed.value).startswith("The migration failed: ")


async def test_migrations_take_turns(behind: str) -> None:
    """Deployments start several at once. The later one finds nothing left to do."""
    await asyncio.gather(*(asyncio.to_thread(migrate, behind) for _ in range(2)))

    connection = await asyncpg.connect(behind)
    found = await connection.fetch("SELECT version_num FROM alembic_version")
    invalid = await connection.fetchval("SELECT count(*) FROM pg_index WHERE NOT indisvalid")
    await connection.close()

    assert [row["version_num"] for row in found] == [known_revisions()[0]]
    assert invalid == 0
