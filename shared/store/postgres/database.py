"""Connections to Postgres and transactions on them.

This is the one place that translates the driver's errors into those of `shared/errors.py`.
"""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Self, TypedDict, Unpack

import asyncpg
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from opentelemetry.trace import TracerProvider
from prometheus_client import CollectorRegistry
from sqlalchemy import Connection, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from shared.errors import DatabaseUnavailable, SchemaBehind
from shared.process.patience import Patience
from shared.settings import Settings
from shared.store.postgres.answers import Answers
from shared.store.postgres.database_metrics import duration_histogram, measure_statements, observe
from shared.store.postgres.database_url import async_url
from shared.store.postgres.direct import DirectConnections, DirectOptions, Row, Statement
from shared.store.postgres.driver_errors import AWAY, MISSING
from shared.store.postgres.rollback import roll_back

# api and worker import no SQLAlchemy, so they use this name for a transaction.
Session = AsyncSession


# Seconds.
_CONNECT = 10
_CLOSE = 0.2
_IDLE_LIMIT = "idle_in_transaction_session_timeout"
# A setting of Postgres 17 and newer, which closes the connection of a transaction that is too long.
_TRANSACTION_LIMIT, _LIMITS_TRANSACTIONS = "transaction_timeout", 17
# In the information on a connection, when the statement began whose answer it waits for, or None.
_ASKED_AT = "asked_at"
# Postgres waits this many seconds longer than we do, so that callers get our error and not its own.
_SLACK = 0.5


class _Connection(asyncpg.Connection):  # type: ignore[misc]
    """A connection that closes within 0.2 s even if the server hangs.

    SQLAlchemy allows two seconds, which is too long while a caller waits.
    """

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 (its own)
        """Ask the server to close, and disconnect after 0.2 s at the latest."""
        await super().close(timeout=min(timeout or _CLOSE, _CLOSE))


def _limit_transactions(engine: AsyncEngine, seconds: float) -> None:
    """Have Postgres end every transaction that takes longer than `seconds`, our own limit.

    The limit on idle transactions is not enough. If a process freezes between two messages of one
    statement, Postgres regards its transaction as active and would hold its locks forever.
    """

    @event.listens_for(engine.sync_engine, "connect")
    def limit(connection: DBAPIConnection, _: object) -> None:
        driver: Any = connection
        if driver.driver_connection.get_server_version().major >= _LIMITS_TRANSACTIONS:
            limit = f"SET {_TRANSACTION_LIMIT} = {round((seconds + _SLACK) * 1000)}"
            driver.run_async(lambda connection: connection.execute(limit))


class PoolOptions(TypedDict, total=False):
    """The optional arguments of `Database`, which documents them."""

    pool_size: int
    transaction_limit: float | None
    server_limit: float | None


class Database:
    """A pool of connections to Postgres. A process has one, and closes it last."""

    def __init__(
        self,
        url: str,
        *,
        process: str,
        pool_size: int = 10,
        transaction_limit: float | None = None,
        server_limit: float | None = None,
    ) -> None:
        """Prepare the pool, which connects when it is first used.

        Postgres shows the name `process` in `pg_stat_activity`. The pool keeps `pool_size`
        connections and opens up to twice as many.

        `transaction_limit` is how many seconds a transaction may take before it raises
        DatabaseUnavailable; None sets no limit. Time in which this process was held up does not
        count: see `Patience`. After `server_limit` seconds, `transaction_limit` by default,
        Postgres ends a transaction, so that a frozen process does not hold its locks any longer.
        Postgres 16 and older do not do so between the messages of one statement.
        """
        if server_limit is None:
            server_limit = transaction_limit
        limits = {}
        if server_limit is not None:
            limits[_IDLE_LIMIT] = str(round(server_limit * 1000))
        arguments = {
            "timeout": _CONNECT,
            "connection_class": _Connection,
            "server_settings": {"application_name": process, **limits},
        }
        self._engine = create_async_engine(
            async_url(url),
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=_CONNECT,
            pool_pre_ping=True,
            connect_args=arguments,
        )
        self._answers = Answers()
        self._direct = DirectConnections(
            async_url(url),
            self._answers,
            DirectOptions(size=pool_size, limit=transaction_limit, arguments=arguments),
        )
        if server_limit is not None:
            _limit_transactions(self._engine, server_limit)
        for asking in ("before_cursor_execute", "commit"):
            event.listen(self._engine.sync_engine, asking, _note_question)
        event.listen(self._engine.sync_engine, "after_cursor_execute", self._note_answer)
        self._transaction_limit = transaction_limit
        self._traced = False
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)

    @classmethod
    def from_settings(
        cls, settings: Settings, *, process: str, **options: Unpack[PoolOptions]
    ) -> Self:
        """Return the database of DATABASE_URL. The options are those of the constructor."""
        return cls(settings.database_url.get_secret_value(), process=process, **options)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        """Run the block in one transaction: commit when it ends, roll back if it raises.

        Raises DatabaseUnavailable if Postgres cannot be reached or takes too long, Busy if only
        this transaction takes too long, and SchemaBehind if a table or column is missing. Other
        database errors are bugs and pass through, and so does what anything else in the block
        raises: a broken connection may be one to Redis.
        """
        limit = Patience(self._transaction_limit)
        # What the transaction waits for is a connection first, then the answer to a statement.
        waiting: dict[str, Any] = {_ASKED_AT: time.monotonic()}
        try:
            async with limit, self._sessions() as session:
                connection, waiting = await self._connect(session)
                try:
                    yield session
                    await session.commit()
                except BaseException:
                    await roll_back(session, connection)
                    raise
        except DBAPIError as error:
            cause = error.orig and error.orig.__cause__
            if isinstance(cause, MISSING):
                raise SchemaBehind from error
            if error.connection_invalidated or isinstance(cause, AWAY):
                raise DatabaseUnavailable from error
            raise
        except AWAY as error:
            raise DatabaseUnavailable from error
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise self._answers.too_late(waiting[_ASKED_AT]) from error

    async def _connect(self, session: Session) -> tuple[AsyncConnection, dict[str, Any]]:
        """Take a connection, and return it with what is known of it, which the events keep up to
        date.

        SQLAlchemy wraps most errors of the driver, but not these.
        """
        begun = time.monotonic()
        try:
            connection = await session.connection()
        except (PoolTimeout, TimeoutError) as error:
            raise self._answers.too_late(begun) from error
        except OSError as error:
            raise DatabaseUnavailable from error
        raw = await connection.get_raw_connection()
        known: dict[str, Any] = raw.info
        known[_ASKED_AT] = None
        return connection, known

    def _note_answer(self, connection: Connection, *_event: object) -> None:
        self._answers.note()
        connection.info[_ASKED_AT] = None

    async def fetch(self, statement: Statement, *arguments: object) -> Sequence[Row]:
        """Run one statement by itself, in one round trip; see `DirectConnections.fetch`."""
        return await self._direct.fetch(statement, *arguments)

    async def ping(self) -> None:
        """Raise DatabaseUnavailable unless Postgres answers."""
        async with self.transaction() as session:
            await session.execute(text("SELECT 1"))

    def trace_with(self, provider: TracerProvider) -> None:
        """Make a span of every statement from now on. Only one Database of a process can do so."""
        SQLAlchemyInstrumentor().instrument(
            engine=self._engine.sync_engine, tracer_provider=provider
        )
        self._direct.trace_with(provider.get_tracer(__name__))
        self._traced = True

    def measure_with(self, registry: CollectorRegistry) -> None:
        """Measure how long each statement takes from now on, as a metric of `registry`."""
        histogram = duration_histogram(registry)
        measure_statements(self._engine.sync_engine, histogram)
        self._direct.measure_with(partial(observe, histogram))

    async def close(self) -> None:
        """Close every connection."""
        await self._direct.close()
        await self._engine.dispose()
        if self._traced:
            SQLAlchemyInstrumentor().uninstrument()


def _note_question(connection: Connection, *_event: object) -> None:
    connection.info[_ASKED_AT] = time.monotonic()
