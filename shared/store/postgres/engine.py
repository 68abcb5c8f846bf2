"""SQLAlchemy's engine as `Database` uses it, whose transactions end even while Postgres hangs."""

import asyncio
from typing import Any
from weakref import WeakSet

from sqlalchemy import URL, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    create_async_engine,
)
from sqlalchemy.pool import ConnectionPoolEntry

from shared.process.guards.circuit import Circuit, State
from shared.process.patience import Patience
from shared.store.postgres.connecting import Connecting
from shared.store.postgres.writes import Writes

# Seconds that Postgres has to roll back.
_ANSWER = 0.2


def new_engine(
    url: URL, connecting: Connecting, pool_size: int, circuit: Circuit, writes: Writes
) -> AsyncEngine:
    """Return an engine that keeps `pool_size` connections and opens up to twice as many.

    When the circuit opens, connections that are open by then are not used again: the server that
    they lead to may be gone without a word, and each would cost a caller's patience. When a server
    takes no writes, they are not either: another one may have taken its place.
    """
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        # Otherwise every error shows item names, results and parts of images.
        hide_parameters=True,
        connect_args=connecting.engine_arguments(url),
    )
    entries: WeakSet[ConnectionPoolEntry] = WeakSet()

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        entries.add(entry)
        driver: Any = connection
        driver.run_async(connecting.prepare)

    def expire() -> None:
        for entry in list(entries):
            if entry.dbapi_connection is not None:
                entry.invalidate(soft=True)

    circuit.when_changed(lambda state: expire() if state is State.OPEN else None)
    writes.when_read_only(expire)
    return engine


async def roll_back(session: AsyncSession, connection: AsyncConnection) -> None:
    """Roll back the transaction of `session`, or disconnect if Postgres does not answer at once.

    A session that is merely closed waits for the answer without a limit, even if it is cancelled.
    No error is raised: the one that matters is that for which the transaction is rolled back.
    """
    try:
        async with Patience(_ANSWER):
            await session.rollback()
    except Exception:
        await _disconnect(connection)
    except asyncio.CancelledError:
        await _disconnect(connection)
        raise


async def _disconnect(connection: AsyncConnection) -> None:
    # It is closed already if the error broke it.
    if not connection.closed:
        await connection.invalidate()
