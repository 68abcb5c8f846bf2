"""Callers who go away: the front's connections to Postgres stay as they are."""

import asyncio

import asyncpg

from shared.settings import Settings
from tests.support.fronts import front_server
from tests.support.waiting import wait_until

# Fewer at a time than the front keeps connections.
_ROUNDS, _AT_ONCE = 20, 5


async def test_a_hundred_callers_who_disconnect_cost_no_connection(settings: Settings) -> None:
    """A lock keeps their statements waiting until all of them are gone."""
    url = settings.database_url.get_secret_value()
    async with front_server(settings) as front:
        watching, locking = await asyncpg.connect(url), await asyncpg.connect(url)
        seen: set[int] = set()

        async def all_wait() -> bool:
            return await _waiting(watching) == _AT_ONCE

        async def all_ended() -> bool:
            return await _waiting(watching) == 0 and len(await _backends(watching)) >= _AT_ONCE

        for _ in range(_ROUNDS):
            async with locking.transaction():
                await locking.execute("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE")
                callers = [await _call(front) for _ in range(_AT_ONCE)]
                await wait_until(all_wait, "the statements waited")
                for caller in callers:
                    caller.close()
                    await caller.wait_closed()
            await wait_until(all_ended, "the statements ended")
            seen |= await _backends(watching)
        kept = await _connections(watching)
        await watching.close()
        await locking.close()

    assert len(seen) >= _AT_ONCE
    assert seen <= kept


async def _call(front: str) -> asyncio.StreamWriter:
    """Ask for the list of jobs, and return the connection on which the answer would come."""
    host, port = front.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET /api/v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Tenant-ID: t\r\n\r\n")
    await writer.drain()
    return writer


async def _waiting(watching: asyncpg.Connection) -> int:
    """Return how many statements of the front wait for the lock."""
    query = """
        SELECT count(*) FROM pg_stat_activity
        WHERE application_name = 'api' AND wait_event_type = 'Lock' AND query LIKE '%anon_1%'
    """
    return int(await watching.fetchval(query))


async def _backends(watching: asyncpg.Connection) -> frozenset[int]:
    """Return the connections on which the front ran transactions."""
    query = """
        SELECT pid FROM pg_stat_activity WHERE application_name = 'api' AND query LIKE 'COMMIT%'
    """
    return frozenset(row["pid"] for row in await watching.fetch(query))


async def _connections(watching: asyncpg.Connection) -> frozenset[int]:
    """Return every connection that the front has."""
    query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'api'"
    return frozenset(row["pid"] for row in await watching.fetch(query))
