"""The same code behind PgBouncer, where a connection is another one for each transaction."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import text

from shared.errors import Busy, DatabaseUnavailable
from shared.store.hot.accepting import accept
from shared.store.postgres.database import Database
from shared.store.postgres.statements import Statement
from tests.shared.store.postgres.conftest import POOLED, migrate, run_each
from tests.support.job_rows import new_job
from tests.support.postgres.pgbouncer import pgbouncer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.needs_program("pgbouncer")

_PID = Statement("test.pid", "select", "SELECT pg_backend_pid() AS pid, $1::text AS given")
_LOCK = "SELECT pg_advisory_xact_lock(4711)"
_IS_FREE = "SELECT pg_try_advisory_xact_lock(4711)"
_LIMITS = """
    SELECT unnest(setconfig) FROM pg_db_role_setting WHERE setrole = session_user::regrole
"""


def through_pooler(url: str, limit: float = 20) -> Database:
    """Return a database behind PgBouncer, whose transactions may take `limit` seconds."""
    return Database(
        url, process="pooled", pooler="transaction", pool_size=2, transaction_limit=limit
    )


@pytest.fixture
async def database(pooled: str) -> AsyncIterator[Database]:
    """A database behind PgBouncer."""
    database = through_pooler(pooled)
    yield database
    await database.close()


async def _limits(url: str) -> set[str]:
    connection = await asyncpg.connect(url)
    try:
        return {row[0] for row in await connection.fetch(_LIMITS)}
    finally:
        await connection.close()


async def test_migrating_limits_the_role(pooled: str, owned: str) -> None:
    """The limits are those of the longest transaction; a second run has nothing to do."""
    again = migrate(pooled, POOLED)

    limits = {"idle_in_transaction_session_timeout=1000", "statement_timeout=1500"}
    assert await _limits(owned) >= limits
    assert (again.returncode, again.stderr) == (0, "")


async def test_a_role_that_may_not_change_itself_is_named(pooled: str, owned: str) -> None:
    """The line has the statements for an administrator. Without a pooler nothing has to change."""
    name = urlsplit(owned).path.strip("/")
    # What is run as another role has that role's rights alone.
    other = "pg_database_owner"
    readable = f"GRANT SELECT ON alembic_version TO {other}"
    await run_each(owned, readable, f"ALTER ROLE {name} SET role = '{other}'")
    longer: Mapping[str, str] = {**POOLED, "LEASE": "2"}
    try:
        refused = migrate(owned, longer)
        direct = migrate(owned, {**longer, "DATABASE_POOLER": "none"})
    finally:
        await run_each(owned, f"SET ROLE {name}; ALTER ROLE {name} RESET role")

    assert refused.returncode == 1
    assert f"ALTER ROLE {name} IN DATABASE {name} SET statement_timeout = '2500'" in refused.stdout
    assert (direct.returncode, direct.stderr) == (0, "")


async def test_statements_and_transactions_share_connections(
    database: Database, pooled: str
) -> None:
    """None of them leaves a prepared statement to the next, whoever that is."""

    async def transaction(number: int) -> str:
        async with database.transaction() as session:
            return str(await session.scalar(text("SELECT CAST(:n AS text)"), {"n": str(number)}))

    async def single(number: int) -> str:
        (row,) = await database.fetch(_PID, str(number))
        return str(row["given"])

    both = [ask(number) for number in range(20) for ask in (transaction, single)]
    answers = await asyncio.gather(*both)

    assert answers == [str(number) for number in range(20) for _ in range(2)]
    async with database.transaction() as session:
        assert (await session.scalar(text("SELECT count(*) FROM pg_prepared_statements"))) == 0


@pytest.mark.parametrize("between_messages", [False, True])
async def test_a_frozen_process_loses_its_locks(
    database: Database, owned: str, *, between_messages: bool
) -> None:
    """The role has the limits that a connection through PgBouncer cannot set."""
    other = await asyncpg.connect(owned)
    async with database._engine.connect() as frozen:
        await frozen.execute(text(_LOCK))
        if between_messages:
            raw = await frozen.get_raw_connection()
            assert raw.driver_connection is not None
            await raw.driver_connection.prepare("SELECT 1")
        assert not await other.fetchval(_IS_FREE)

        await wait_until(lambda: other.fetchval(_IS_FREE), "the lock was freed")
        await frozen.invalidate()
    await other.close()


async def test_a_broken_connection_to_postgres_is_replaced(database: Database, owned: str) -> None:
    """A statement by itself is sent again, and the next transaction has another connection."""
    (before,) = await database.fetch(_PID, "")
    await run_each(owned, f"SELECT pg_terminate_backend({before['pid']}, 5000)")

    (after,) = await database.fetch(_PID, "")
    await database.ping()

    assert after["pid"] != before["pid"]


async def test_a_restart_of_pgbouncer_is_not_noticed(owned: str, folder: Path) -> None:
    """Every connection of the pools is closed. Each caller gets another."""
    place = folder / f"pgbouncer-{uuid4().hex[:8]}"
    with pgbouncer(owned, place) as url:
        database = through_pooler(url)
        await database.fetch(_PID, "")
        await database.ping()
    with pgbouncer(owned, place, port=urlsplit(url).port):
        await database.fetch(_PID, "")
        await database.ping()
    with pytest.raises(DatabaseUnavailable):
        await database.fetch(_PID, "")
    await database.close()


async def test_a_full_pool_is_no_outage_while_postgres_answers(owned: str, folder: Path) -> None:
    """PgBouncer gives up after a second. It has one connection, and another transaction has it."""
    place = folder / f"pgbouncer-{uuid4().hex[:8]}"
    with pgbouncer(owned, place, default_pool_size=1, query_wait_timeout=1) as url:
        database = through_pooler(url)
        async with database.transaction() as session:
            waiting = [asyncio.create_task(ask) for ask in (database.ping(), _fetched(database))]
            while not all(task.done() for task in waiting):
                await session.execute(text("SELECT pg_sleep(0.02)"))
            errors = await asyncio.gather(*waiting, return_exceptions=True)
        await database.close()

    assert [type(error) for error in errors] == [Busy, Busy]


async def _fetched(database: Database) -> None:
    await database.fetch(_PID, "")


async def test_a_queue_admits_up_to_its_ceiling(database: Database, pooled: str) -> None:
    """The count is locked until the commit, whichever connection that is on."""
    migrate(pooled, POOLED)
    news = [new_job() for _ in range(30)]
    results = await asyncio.gather(*(accept(database, [new], {new.id: 10}) for new in news))

    assert sum(result is not None for (result,) in results) == 10
