"""SQLAlchemy's engine as `Database` uses it."""

from typing import Any
from weakref import WeakSet

from sqlalchemy import URL, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from shared.process.guards.circuit import Circuit, State
from shared.store.postgres.connecting import Connecting
from shared.store.postgres.writes import Writes


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
        connect_args=connecting.engine_arguments,
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
