"""The parts of the system that run as processes on this machine."""

import asyncpg
import pytest

from shared.local.processes import LocalError
from shared.local.stack import migrate


async def test_a_migration_that_fails_says_why(behind: str) -> None:
    """The error of Postgres is the only line, without traceback, statement or password."""
    connection = await asyncpg.connect(behind)
    await connection.execute("CREATE TABLE jobs (id int)")
    await connection.close()

    with pytest.raises(LocalError, match=r'relation "jobs" already exists$') as failed:
        migrate(behind)

    assert len(str(failed.value).splitlines()) == 1
    assert str(failed.value).startswith("The migration failed: ")
