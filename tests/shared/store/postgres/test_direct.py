"""Single statements: one round trip each, and the same errors as transactions."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from shared.errors import DatabaseUnavailable, SchemaBehind
from shared.store.postgres.database import Database
from shared.store.postgres.statements import Statement
from tests.support.fronts import nowhere

_PID = Statement("test.pid", "select", "SELECT pg_backend_pid() AS pid, $1::int AS given")
_MISSING = Statement("test.missing", "select", "SELECT nothing FROM jobs")
_SLOW = Statement("test.slow", "select", "SELECT pg_sleep(60)")


@pytest.fixture
async def single(database_url: str) -> AsyncIterator[Database]:
    """A database with one connection, whose statements may take one second."""
    database = Database(database_url, process="direct", pool_size=1, transaction_limit=1)
    yield database
    await database.close()


async def test_a_statement_returns_its_rows_and_keeps_its_connection(single: Database) -> None:
    """The next statement needs no other connection."""
    (first,) = await single.fetch(_PID, 1)
    (second,) = await single.fetch(_PID, 2)

    assert (first["given"], second["given"]) == (1, 2)
    assert first["pid"] == second["pid"]


async def test_a_statement_is_sent_again_if_its_connection_was_closed(
    single: Database, database_url: str
) -> None:
    """A restart of Postgres or a proxy closes connections that idle in the pool."""
    (before,) = await single.fetch(_PID, 1)
    admin = await asyncpg.connect(database_url)
    await admin.execute("SELECT pg_terminate_backend($1, 5000)", before["pid"])
    await admin.close()

    (after,) = await single.fetch(_PID, 1)

    assert after["pid"] != before["pid"]


async def test_a_missing_column_means_that_the_schema_is_behind(single: Database) -> None:
    """The error is that of transactions."""
    with pytest.raises(SchemaBehind):
        await single.fetch(_MISSING)


async def test_a_wrong_argument_is_a_bug_and_not_an_outage(single: Database) -> None:
    """The driver's error for it passes through."""
    with pytest.raises(asyncpg.DataError):
        await single.fetch(_PID, "no number")


async def test_a_statement_that_takes_too_long_frees_its_connection(single: Database) -> None:
    """The next statement does not wait for it."""
    with pytest.raises(DatabaseUnavailable):
        await single.fetch(_SLOW)

    async with asyncio.timeout(1):
        assert await single.fetch(_PID, 1)


async def test_a_database_that_cannot_be_reached_is_unavailable() -> None:
    """The error is that of transactions."""
    database = Database(nowhere("postgresql").get_secret_value(), process="direct")
    with pytest.raises(DatabaseUnavailable):
        await database.fetch(_PID, 1)
    await database.close()


async def test_postgres_ends_a_statement_that_its_client_forgets(single: Database) -> None:
    """Postgres waits a little longer than we do, and a frozen process holds no lock for longer."""
    names = "ARRAY['statement_timeout', 'transaction_timeout']"
    limits = Statement(
        "test.limits", "select",
        f"SELECT name, setting FROM pg_settings WHERE name = ANY ({names})",  # noqa: S608
    )  # fmt: skip

    rows = {row["name"]: row["setting"] for row in await single.fetch(limits)}

    assert rows["statement_timeout"] == "1500"
    # Postgres has the other from 17 on.
    assert rows.get("transaction_timeout", "1500") == "1500"
