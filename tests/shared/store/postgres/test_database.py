"""Transactions of frozen processes: their locks are released after the transaction limit."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import text

from shared.store.postgres.database import Database
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
