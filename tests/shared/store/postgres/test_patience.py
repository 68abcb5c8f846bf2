"""How long a call waits for Postgres: no longer than its limit, and our own delays do not count."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from sqlalchemy import text

from shared.errors import DatabaseUnavailable
from shared.process.background import background
from shared.store.postgres.database import Database
from shared.store.postgres.statements import Statement
from tests.support.processes.wire import Wire, wired
from tests.support.waiting import wait_until

# Seconds.
_LIMIT, _SERVER_LIMIT = 0.3, 20

_ONE = Statement("test.one", "select", "SELECT 1")


async def _fetch(database: Database) -> None:
    await database.fetch(_ONE)


async def _answers(database: Database) -> bool:
    try:
        await database.ping()
    except DatabaseUnavailable:
        return False
    return True


_CALLS = [pytest.param(Database.ping, id="transaction"), pytest.param(_fetch, id="direct")]
Call = Callable[[Database], Awaitable[None]]


def _database(url: str) -> Database:
    return Database(
        url,
        process="patience",
        pool_size=1,
        transaction_limit=_LIMIT,
        server_limit=_SERVER_LIMIT,
    )


@pytest.fixture
async def impatient(database_url: str) -> AsyncIterator[Database]:
    """A database with a short limit, and a Postgres that answers at once."""
    database = _database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def hanging(database_url: str) -> AsyncIterator[tuple[Database, Wire]]:
    """A database with a short limit, and the wire to its Postgres."""
    async with wired(database_url, 5432) as (wire, url):
        database = _database(url)
        await database.ping()
        await database.fetch(_ONE)
        yield database, wire
        await database.close()


def _block(seconds: float) -> None:
    threading.Event().wait(seconds)


async def _block_often() -> None:
    while True:
        _block(_LIMIT / 5)
        await asyncio.sleep(0)


@pytest.mark.parametrize("call", _CALLS)
async def test_a_slow_event_loop_makes_no_database_unavailable(
    impatient: Database, call: Call
) -> None:
    """Every turn of the loop takes a fifth of the limit, and a call needs many turns."""
    async with background(_block_often()):
        await call(impatient)


@pytest.mark.parametrize("call", _CALLS)
async def test_a_process_that_was_held_up_reads_the_answer_first(
    impatient: Database, call: Call
) -> None:
    """The answer has long arrived when the process goes on, and so has the end of the limit."""
    await call(impatient)
    calling = asyncio.ensure_future(call(impatient))
    for _ in range(6):
        await asyncio.sleep(0)
        _block(_LIMIT * 1.2)
    await calling


@pytest.mark.parametrize("call", _CALLS)
async def test_a_postgres_that_hangs_is_unavailable(
    hanging: tuple[Database, Wire], call: Call
) -> None:
    """The call gives up, and the next one works again when Postgres does."""
    database, wire = hanging
    wire.flowing.clear()
    async with asyncio.timeout(10):
        with pytest.raises(DatabaseUnavailable) as raised:
            await call(database)
    wire.flowing.set()

    assert type(raised.value) is DatabaseUnavailable
    await wait_until(lambda: _answers(database), "Postgres answered again")
    await call(database)


@pytest.mark.parametrize("at_commit", [False, True])
async def test_a_postgres_that_hangs_during_a_transaction_is_unavailable(
    hanging: tuple[Database, Wire], *, at_commit: bool
) -> None:
    """Postgres answers neither the statement, nor the rollback after it; or not the commit."""
    database, wire = hanging

    async def hang() -> None:
        async with database.transaction() as session:
            await session.execute(text("SELECT 1"))
            wire.flowing.clear()
            if not at_commit:
                await session.execute(text("SELECT 2"))

    async with asyncio.timeout(10):
        with pytest.raises(DatabaseUnavailable) as raised:
            await hang()
    wire.flowing.set()

    assert type(raised.value) is DatabaseUnavailable
    await wait_until(lambda: _answers(database), "Postgres answered again")


async def test_a_transaction_that_is_cancelled_ends_though_postgres_hangs(
    hanging: tuple[Database, Wire],
) -> None:
    """A worker that stops does not wait for the rollback of what it was doing."""
    database, wire = hanging
    begun = asyncio.Event()

    async def wait_for_something_else() -> None:
        async with database.transaction() as session:
            await session.execute(text("SELECT 1"))
            wire.flowing.clear()
            begun.set()
            await asyncio.Event().wait()

    async with asyncio.timeout(10), background(wait_for_something_else()):
        await begun.wait()
    wire.flowing.set()
    await database.ping()
