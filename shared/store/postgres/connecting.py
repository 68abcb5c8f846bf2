"""How processes connect to Postgres, directly or through a pooler."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

import asyncpg
from sqlalchemy import URL, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from shared.process.guards.circuit import Circuit, State
from shared.process.patience import Patience
from shared.store.postgres.database_settings import Pooler
from shared.store.postgres.limits import limit_transactions, limits_at_start
from shared.store.postgres.sqlstates import Meaning, meaning_of, refuses
from shared.store.postgres.writes import Writes

# Seconds that connecting and closing may take.
_CONNECT = 10
_CLOSE = 0.1


class _Connection(asyncpg.Connection):  # type: ignore[misc]
    """A connection that closes within 0.1 s even if the server hangs.

    SQLAlchemy allows two seconds, which is too long while a caller waits.
    """

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 (its own)
        """Ask the server to close, and disconnect after 0.1 s at the latest."""
        # If the time is over, the driver has disconnected, which is all that anybody wants.
        with suppress(TimeoutError):
            await super().close(timeout=min(timeout or _CLOSE, _CLOSE))


@dataclass(frozen=True, kw_only=True)
class Connecting:
    """How to connect.

    Postgres shows the name `process` in `pg_stat_activity`. It ends a transaction after `limit`
    seconds, and never if that is None. A pooler knows neither the limits nor the statements that a
    connection prepared, since the next transaction may run on another.
    """

    process: str
    pooler: Pooler
    limit: float | None

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of `asyncpg.connect` beside the address."""
        limits = limits_at_start(self._own_limit) if self._own_limit else {}
        return {
            "timeout": _CONNECT,
            "connection_class": _Connection,
            "server_settings": {"application_name": self.process, **limits},
            **({} if self.pooler == "none" else {"statement_cache_size": 0}),
        }

    @property
    def engine_arguments(self) -> dict[str, Any]:
        """The same for SQLAlchemy, which prepares statements by itself too."""
        kept = {} if self.pooler == "none" else {"prepared_statement_cache_size": 0}
        return {**self.arguments, **kept}

    async def prepare(self, connection: asyncpg.Connection) -> None:
        """Set on a new connection what cannot be set while it connects."""
        if self._own_limit:
            await limit_transactions(connection, self._own_limit)

    @property
    def _own_limit(self) -> float | None:
        return self.limit if self.pooler == "none" else None


def plain_url(url: URL) -> str:
    """Return the URL, with its password, as asyncpg takes it."""
    query = {**url.query}
    query.pop("prepared_statement_cache_size", None)
    plain = url.set(drivername="postgresql", query=query)
    return plain.render_as_string(hide_password=False)


async def answers(url: URL, connecting: Connecting, within: float) -> bool:
    """Return whether Postgres answers a new connection within some seconds, with an error or not.

    A pooler answers by itself when a client connects, so this takes a statement.
    """
    try:
        async with Patience(within):
            connection = await asyncpg.connect(plain_url(url), **connecting.arguments)
            try:
                await connection.execute("SELECT 1")
            finally:
                await connection.close()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return not refuses(error) and meaning_of(error) is not Meaning.LOST
    return True


async def open_pool(url: URL, connecting: Connecting, size: int) -> asyncpg.Pool:
    """Return a pool of up to `size` connections, which connects when it is first used."""
    return await asyncpg.create_pool(
        plain_url(url),
        min_size=0,
        max_size=size,
        init=connecting.prepare,
        # Single statements set nothing that a statement at each release had to undo.
        reset=_keep,
        **connecting.arguments,
    )


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


async def _keep(_connection: object) -> None:
    """Leave the connection as it is."""
