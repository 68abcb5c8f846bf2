"""Postgres: engine, transactions, and the one place where driver errors become ours."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self, TypedDict, Unpack

import asyncpg
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from opentelemetry.trace import TracerProvider
from prometheus_client import CollectorRegistry
from sqlalchemy import URL, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from shared.errors import DatabaseUnavailable, SchemaBehind
from shared.settings import Settings
from shared.store.database_metrics import measure_statements

# One transaction, under the name by which api and worker know it: they import no SQLAlchemy.
Session = AsyncSession


def async_url(url: str) -> URL:
    """The URL for asyncpg, from any of the usual spellings (`postgres://`, `?sslmode=`)."""
    return _url(url, "postgresql+asyncpg", ssl="ssl")


def sync_url(url: str) -> URL:
    """The URL for psycopg, from the same spellings: for tools that cannot wait asynchronously."""
    return _url(url, "postgresql+psycopg", ssl="sslmode")


def _url(url: str, driver: str, ssl: str) -> URL:
    """`ssl` is the driver's name for what is spelt `ssl` or `sslmode`."""
    parsed = make_url(url).set(drivername=driver)
    names = {"ssl": ssl, "sslmode": ssl}
    return parsed.set(query={names.get(name, name): value for name, value in parsed.query.items()})


# Seconds.
_CONNECT = 10
_GOODBYE = 0.2
_IDLE_LIMIT = "idle_in_transaction_session_timeout"
# Postgres has it since 17; it ends the connection.
_TRANSACTION_LIMIT, _LIMITS_TRANSACTIONS = "transaction_timeout", 17
# We give up before Postgres does, and tell in our own words.
_SLACK = 0.5


class _Connection(asyncpg.Connection):  # type: ignore[misc]
    """SQLAlchemy gives a connection that it gives up two seconds to say goodbye: too long when
    somebody waits and the server is hung."""

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 (its own)
        """Say goodbye, and leave whether or not it is answered."""
        await super().close(timeout=min(timeout or _GOODBYE, _GOODBYE))


def _limit_transactions(engine: AsyncEngine, seconds: float) -> None:
    """Let Postgres end every transaction that takes longer than `seconds`, which is how long we
    wait for one.

    The limit on idleness does not hold between the messages of one statement, where a process may
    be frozen as well: Postgres thinks that it is active then, and keeps its locks for ever.
    """

    @event.listens_for(engine.sync_engine, "connect")
    def limit(connection: DBAPIConnection, _: object) -> None:
        driver: Any = connection
        if driver.driver_connection.get_server_version().major >= _LIMITS_TRANSACTIONS:
            limit = f"SET {_TRANSACTION_LIMIT} = {round((seconds + _SLACK) * 1000)}"
            driver.run_async(lambda connection: connection.execute(limit))


class PoolOptions(TypedDict, total=False):
    """Options of a Database, which has the defaults."""

    pool_size: int
    transaction_limit: float | None


class Database:
    """A pool of connections. One instance per process; `close` it last."""

    def __init__(
        self,
        url: str,
        *,
        process: str,
        pool_size: int = 10,
        transaction_limit: float | None = None,
    ) -> None:
        """`process` is the name that Postgres shows in `pg_stat_activity`. `transaction_limit`: how
        many seconds a transaction may take before Postgres counts as away; None for any number.
        Postgres ends it as well, should this process be frozen: its locks hold up nobody longer
        (before Postgres 17 with one gap: between the messages of a statement).
        """
        limits = {}
        within: float = _CONNECT
        if transaction_limit is not None:
            limits[_IDLE_LIMIT] = str(round(transaction_limit * 1000))
            within = min(transaction_limit, _CONNECT)
        self._engine = create_async_engine(
            async_url(url),
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=within,
            pool_pre_ping=True,
            connect_args={
                "timeout": within,
                "connection_class": _Connection,
                "server_settings": {"application_name": process, **limits},
            },
        )
        if transaction_limit is not None:
            _limit_transactions(self._engine, transaction_limit)
        self._transaction_limit = transaction_limit
        self._traced = False
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)

    @classmethod
    def of(cls, settings: Settings, *, process: str, **options: Unpack[PoolOptions]) -> Self:
        """The database of DATABASE_URL; the options are the constructor's."""
        return cls(settings.database_url.get_secret_value(), process=process, **options)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        """One transaction: committed when the block ends, rolled back when it raises.

        Raises DatabaseUnavailable when Postgres is away, SchemaBehind when a table or column
        is missing. Other database errors are bugs and pass through.
        """
        try:
            async with asyncio.timeout(self._transaction_limit), self._sessions.begin() as session:
                yield session
        except DBAPIError as error:
            cause = error.orig and error.orig.__cause__
            if isinstance(cause, _MISSING):
                raise SchemaBehind from error
            if error.connection_invalidated or isinstance(cause, _AWAY):
                raise DatabaseUnavailable from error
            raise
        except (*_AWAY, PoolTimeout, OSError) as error:
            # SQLAlchemy leaves what goes wrong while connecting as the driver raised it.
            raise DatabaseUnavailable from error

    async def ping(self) -> None:
        """Raise DatabaseUnavailable unless Postgres answers."""
        async with self.transaction() as session:
            await session.execute(text("SELECT 1"))

    def trace_with(self, provider: TracerProvider) -> None:
        """Make a span of every statement from here on. The instrumentation is one for a process."""
        SQLAlchemyInstrumentor().instrument(
            engine=self._engine.sync_engine, tracer_provider=provider
        )
        self._traced = True

    def measure_with(self, registry: CollectorRegistry) -> None:
        """Time every statement from here on."""
        measure_statements(self._engine.sync_engine, registry)

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()
        if self._traced:
            SQLAlchemyInstrumentor().uninstrument()


_MISSING = (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError)
# Classes 08, 28, 3D, 53, 57, and 25P03 and 25P04 of Postgres's errors: no connection, no right to
# one, no such database, no resources, shutting down, frozen for too long.
_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TransactionTimeoutError,
)
