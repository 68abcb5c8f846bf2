"""Transactions: the locks of frozen processes, and which failures are those of Postgres."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import text

from shared.errors import BrokerUnavailable, Busy, DatabaseUnavailable
from shared.store.postgres.database import Database
from tests.support.fronts import nowhere
from tests.support.waiting import wait_until

_LOCK = "SELECT pg_advisory_xact_lock(4711)"


@pytest.fixture
async def impatient(database_url: str) -> AsyncIterator[Database]:
    """A database whose transactions may take one second."""
    database = Database(database_url, process="frozen", pool_size=1, transaction_limit=1)
    yield database
    await database.close()


async def _lock_is_free(url: str) -> bool:
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            return bool(await connection.fetchval("SELECT pg_try_advisory_xact_lock(4711)"))
    finally:
        await connection.close()


@pytest.mark.parametrize("between_messages", [False, True])
async def test_a_frozen_process_loses_its_locks(
    impatient: Database, database_url: str, *, between_messages: bool
) -> None:
    """The process freezes between two statements, or between the messages of one statement."""
    async with impatient._engine.connect() as frozen:
        await frozen.execute(text(_LOCK))
        if between_messages:
            # The statement is prepared but not run, so Postgres regards the transaction as active.
            raw = await frozen.get_raw_connection()
            assert raw.driver_connection is not None
            await raw.driver_connection.prepare("SELECT 1")
        assert not await _lock_is_free(database_url)

        await wait_until(lambda: _lock_is_free(database_url), "the lock was freed")
        await frozen.invalidate()


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(ConnectionResetError("the peer"), id="another connection broke"),
        pytest.param(TimeoutError("the peer"), id="something else took too long"),
        pytest.param(BrokerUnavailable(), id="Redis is away"),
    ],
)
async def test_only_postgres_makes_the_database_unavailable(
    database: Database, error: Exception
) -> None:
    """An error of anything else that is done in a transaction keeps its name."""
    with pytest.raises(type(error)) as raised:
        async with database.transaction():
            raise error

    assert raised.value is error


async def test_a_transaction_that_takes_too_long_is_the_databases_fault(
    impatient: Database,
) -> None:
    """The limit is ours, and Postgres keeps to it or not."""
    with pytest.raises(DatabaseUnavailable):
        async with impatient.transaction() as session:
            await session.execute(text("SELECT pg_sleep(30)"))


async def test_a_connection_that_breaks_is_the_databases_fault(database: Database) -> None:
    """Here it breaks between two statements. The next transaction has a new connection."""

    async def broken() -> None:
        async with database.transaction() as session:
            raw = await (await session.connection()).get_raw_connection()
            assert raw.driver_connection is not None
            raw.driver_connection._transport.abort()
            await session.execute(text("SELECT 1"))

    with pytest.raises(DatabaseUnavailable):
        await broken()
    await database.ping()


async def test_a_database_that_cannot_be_reached_is_unavailable() -> None:
    """Nobody listens at its port, or its name has no address."""
    for url in (nowhere("postgresql").get_secret_value(), "postgresql://nobody.invalid/x"):
        away = Database(url, process="test")
        with pytest.raises(DatabaseUnavailable):
            await away.ping()
        await away.close()


async def test_answers_before_a_database_hung_do_not_make_it_busy(impatient: Database) -> None:
    """The transaction got answers at first, and none to its last statement."""

    async def hang() -> None:
        async with impatient.transaction() as session:
            await session.execute(text("SELECT 1"))
            await session.execute(text("SELECT pg_sleep(30)"))

    with pytest.raises(DatabaseUnavailable) as raised:
        await hang()

    assert type(raised.value) is DatabaseUnavailable


async def test_a_process_that_asks_for_nothing_is_busy(impatient: Database) -> None:
    """Postgres does not keep the transaction waiting."""

    async def dawdle() -> None:
        async with impatient.transaction() as session:
            await session.execute(text("SELECT 1"))
            await asyncio.Event().wait()

    with pytest.raises(Busy):
        await dawdle()


async def test_a_database_that_answers_others_is_not_away(impatient: Database) -> None:
    """All connections are taken, first by somebody who gets answers, and then by nobody."""
    async with impatient._engine.connect() as first, impatient._engine.connect():
        # Postgres would end a transaction that is idle for as long as this test waits.
        await first.execution_options(isolation_level="AUTOCOMMIT")
        waiting = asyncio.create_task(impatient.ping())
        while not waiting.done():
            await first.execute(text("SELECT pg_sleep(0.02)"))
        with pytest.raises(Busy):
            await waiting
        with pytest.raises(DatabaseUnavailable) as raised:
            await impatient.ping()

    assert type(raised.value) is DatabaseUnavailable
