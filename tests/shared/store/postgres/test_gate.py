"""The way to Postgres: callers wait in line while it is busy, and fail at once while it hangs."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg
import pytest
from sqlalchemy import text

from shared.errors import Busy, DatabaseUnavailable
from shared.process.background import background
from shared.store.postgres.database import Database
from shared.store.postgres.statements import Statement
from tests.support.processes.wire import Wire, wired
from tests.support.waiting import wait_until

# Seconds.
_LIMIT, _SERVER_LIMIT = 0.5, 20

_SLEEP = Statement("test.sleep", "select", "SELECT pg_backend_pid() AS pid, pg_sleep($1)")


async def _fetch(database: Database, seconds: float) -> int:
    (row,) = await database.fetch(_SLEEP, seconds)
    return int(row["pid"])


async def _transaction(database: Database, seconds: float) -> int:
    async with database.transaction() as session:
        query = text("SELECT pg_backend_pid(), pg_sleep(:seconds)")
        pid, _ = (await session.execute(query, {"seconds": seconds})).one()
        return int(pid)


Call = Callable[[Database, float], Awaitable[int]]
_CALLS = [pytest.param(_transaction, id="transaction"), pytest.param(_fetch, id="direct")]


@asynccontextmanager
async def _database(url: str) -> AsyncIterator[Database]:
    """A database with one connection for statements, and two for transactions."""
    database = Database(
        url,
        process="gate",
        pool_size=1,
        transaction_limit=_LIMIT,
        server_limit=_SERVER_LIMIT,
    )
    yield database
    await database.close()


@pytest.fixture
async def narrow(database_url: str) -> AsyncIterator[Database]:
    """A database with few connections and little patience."""
    async with _database(database_url) as database:
        yield database


@pytest.fixture
async def hanging(database_url: str) -> AsyncIterator[tuple[Database, Wire]]:
    """The same, and the wire to its Postgres."""
    async with wired(database_url, 5432) as (wire, url), _database(url) as database:
        await _transaction(database, 0)
        await _fetch(database, 0)
        yield database, wire


async def _outcomes(calls: list[Awaitable[int]]) -> set[type]:
    return {type(result) for result in await asyncio.gather(*calls, return_exceptions=True)}


@pytest.mark.parametrize(("call", "callers"), [(_transaction, 8), (_fetch, 4)])
async def test_the_wait_for_a_connection_is_not_that_for_postgres(
    narrow: Database, call: Call, callers: int
) -> None:
    """The last caller waits for longer than Postgres may take, and is served all the same."""
    assert await _outcomes([call(narrow, 0.2) for _ in range(callers)]) == {int}


@pytest.mark.parametrize("call", _CALLS)
async def test_whoever_waits_for_a_connection_fails_when_postgres_hangs(
    hanging: tuple[Database, Wire], call: Call
) -> None:
    """Nobody waits for the failure of whoever is before him in the line."""
    database, wire = hanging
    wire.flowing.clear()
    begun = time.monotonic()

    outcomes = await _outcomes([call(database, 0) for _ in range(50)])

    # One after the other they would take twenty-five seconds, or half of that.
    assert time.monotonic() - begun < 5
    assert outcomes == {DatabaseUnavailable}
    assert database.is_away
    with pytest.raises(DatabaseUnavailable):
        await call(database, 0)


async def test_callers_are_served_again_when_postgres_answers(
    hanging: tuple[Database, Wire],
) -> None:
    """Nobody has to ask for that: there are probes. Connections of before are not used again."""
    database, wire = hanging
    before = {await _transaction(database, 0), await _fetch(database, 0)}
    wire.flowing.clear()
    with pytest.raises(DatabaseUnavailable):
        await _fetch(database, 0)
    await wait_until(lambda: database.is_away, "Postgres was found to be away")
    wire.flowing.set()
    await wait_until(lambda: not database.is_away, "Postgres was found to be back")

    after = {await _transaction(database, 0), await _fetch(database, 0)}

    assert before.isdisjoint(after)


@pytest.mark.parametrize("call", _CALLS)
async def test_a_single_slow_answer_makes_nobody_else_fail(narrow: Database, call: Call) -> None:
    """Nobody else has asked meanwhile, so Postgres may be away; a probe shows that it is not."""
    with pytest.raises(DatabaseUnavailable):
        await call(narrow, 5)

    assert await call(narrow, 0) > 0


async def test_a_database_that_refuses_connections_is_away_until_it_does_not(
    database_url: str,
) -> None:
    """No caller tries to connect meanwhile."""
    async with wired(database_url, 5432) as (wire, url), _database(url) as database:
        await wire.cut()
        with pytest.raises(DatabaseUnavailable):
            await _fetch(database, 0)
        await wait_until(lambda: database.is_away, "Postgres was found to be away")


async def test_more_callers_than_may_wait_are_refused(narrow: Database) -> None:
    """Whoever is refused is asked to return when the others will have been served."""
    calls = [asyncio.create_task(_fetch(narrow, 0.05)) for _ in range(60)]

    results = await asyncio.gather(*calls, return_exceptions=True)

    refused = [result for result in results if isinstance(result, Busy)]
    # One is served and fifty wait; some of them give up after two seconds.
    assert len(refused) >= 9
    assert all(isinstance(result, int | Busy) for result in results)
    assert all(error.retry_after and 1 <= error.retry_after <= 30 for error in refused)


async def test_a_cancelled_statement_keeps_its_connection(
    narrow: Database, database_url: str
) -> None:
    """Postgres confirms the cancellation, and the next caller has the same connection."""
    pid = await _fetch(narrow, 0)
    watching = await asyncpg.connect(database_url)

    async def runs() -> bool:
        query = "SELECT state = 'active' FROM pg_stat_activity WHERE pid = $1"
        return bool(await watching.fetchval(query, pid))

    for _ in range(20):
        async with background(_forever(narrow)):
            await wait_until(runs, "the statement ran")
    await watching.close()

    assert await _fetch(narrow, 0) == pid


async def _forever(database: Database) -> None:
    await _fetch(database, _LIMIT * 0.9)
