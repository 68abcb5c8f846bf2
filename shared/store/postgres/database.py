"""Connections to Postgres and transactions on them.

This is the one place that translates the driver's errors into those of `shared/errors.py`.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Self, TypeAlias, TypedDict, Unpack

from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from opentelemetry.trace import TracerProvider
from prometheus_client import CollectorRegistry
from sqlalchemy import Connection, event, text
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncSession,
    async_sessionmaker,
)

from shared.errors import DatabaseUnavailable, ServiceError
from shared.process.guards.probes import Probes
from shared.process.patience import Patience
from shared.settings import Settings
from shared.store.postgres.connecting import Connecting, answers
from shared.store.postgres.database_metrics import duration_histogram, measure_statements, observe
from shared.store.postgres.direct import DirectConnections
from shared.store.postgres.engine import new_engine, roll_back
from shared.store.postgres.gate import Answers, Gate
from shared.store.postgres.settings.database_settings import Pooler
from shared.store.postgres.settings.database_url import async_url
from shared.store.postgres.sqlstates import (
    ERRORS_OF_DRIVER,
    as_service_error,
    is_answer,
    meaning_of,
    pooler_is_full,
    refuses,
)
from shared.store.postgres.statements import Row, Statement
from shared.store.postgres.writes import Writes

# api and worker import no SQLAlchemy, so they use this name for a transaction.
Session = AsyncSession
_Connect: TypeAlias = Callable[[Session], Awaitable[AsyncConnection]]

# In the information on a connection, when the statement began whose answer it waits for, or None.
_ASKED_AT = "asked_at"
# Seconds that Postgres has to accept a connection and answer, when somebody has waited in vain.
_DOUBT = 0.3
# SQLAlchemy wraps most errors of the driver, but not those of connecting.
_OF_DRIVER = (DBAPIError, *ERRORS_OF_DRIVER)


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
        pooler: Pooler = "none",
        pool_size: int = 10,
        transaction_limit: float | None = None,
        server_limit: float | None = None,
    ) -> None:
        """Prepare the pool, which connects when it is first used.

        Postgres shows the name `process` in `pg_stat_activity`. The pool keeps `pool_size`
        connections and opens up to twice as many.

        `transaction_limit` is how many seconds a transaction may take from when a connection is
        free for it; then it raises DatabaseUnavailable. None sets no limit. Time in which this
        process was held up does not count: see `Patience`. After `server_limit` seconds,
        `transaction_limit` by default, Postgres ends a transaction, so that a frozen process does
        not hold its locks any longer. Postgres 16 and older do not do so between the messages of
        one statement. Through a pooler Postgres enforces the limits of the role instead.
        """
        if server_limit is None:
            server_limit = transaction_limit
        connecting = Connecting(process=process, pooler=pooler, limit=server_limit)
        self._answers = Answers()
        address, circuit = async_url(url), self._answers.circuit
        probe = partial(answers, address, connecting)
        self._probes = Probes(circuit, probe, first=_DOUBT)
        # Whether Postgres takes what this process writes.
        self.writes = Writes()
        self._engine = new_engine(address, connecting, pool_size, circuit, self.writes)
        # The engine's own pool would count the wait for it as that for Postgres.
        self._gate = Gate(self._answers, 2 * pool_size, transaction_limit)
        self._direct = DirectConnections(
            address,
            self._answers,
            self.writes,
            connecting,
            size=pool_size,
            limit=transaction_limit,
        )
        for asking in ("before_cursor_execute", "commit"):
            event.listen(self._engine.sync_engine, asking, _note_question)
        event.listen(self._engine.sync_engine, "after_cursor_execute", self._note_answer)
        event.listen(self._engine.sync_engine, "handle_error", self._note_error)
        self._transaction_limit = transaction_limit
        self._traced = False
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)

    @property
    def is_away(self) -> bool:
        """Whether Postgres hangs or refuses connections, so that every call fails at once."""
        return self._answers.circuit.is_open

    @classmethod
    def from_settings(
        cls, settings: Settings, *, process: str, **options: Unpack[PoolOptions]
    ) -> Self:
        """Return the database of DATABASE_URL. The options are those of the constructor."""
        url = settings.database_url.get_secret_value()
        return cls(url, process=process, pooler=settings.database_pooler, **options)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        """Run the block in one transaction: commit when it ends, roll back if it raises.

        Raises DatabaseUnavailable if Postgres cannot be reached or takes too long, and at once
        while it is known to be away; Busy if only this transaction takes too long, or waits too
        long for a connection; DatabaseReadOnly if Postgres takes no writes, and SchemaBehind if a
        table or column is missing. Other database errors are bugs and pass through, and so does
        what anything else in the block raises: a broken connection may be one to Redis.
        """
        async with self._gate, self._errors() as connect, self._sessions() as session:
            connection = await connect(session)
            try:
                yield session
                await session.commit()
            except BaseException:
                await roll_back(session, connection)
                raise

    @asynccontextmanager
    async def _errors(self) -> AsyncIterator[_Connect]:
        """Limit the block, and raise our errors in place of the driver's.

        Yields the function with which a session of the block takes its connection.
        """
        # What the transaction waits for is a connection first, then the answer to a statement.
        begun = time.monotonic()
        waiting: dict[str, Any] = {_ASKED_AT: begun}
        late: list[DatabaseUnavailable] = []

        def give_up() -> None:
            # Nobody else shall wait for Postgres while this connection is being closed.
            late.append(self._answers.too_late(waiting[_ASKED_AT]))

        async def connect(session: Session) -> AsyncConnection:
            nonlocal waiting
            connection, waiting = await self._connect(session)
            return connection

        try:
            async with Patience(self._transaction_limit, give_up):
                yield connect
        except TimeoutError as error:
            if not late:
                raise
            raise late[0] from error
        except _OF_DRIVER as error:
            if (ours := self._translated(error, begun)) is None:
                raise
            raise ours from error

    async def _connect(self, session: Session) -> tuple[AsyncConnection, dict[str, Any]]:
        """Take a connection, and return it with what is known of it, which the events keep up to
        date."""
        begun = time.monotonic()
        try:
            connection = await session.connection()
        except Exception as error:
            if refuses(error):
                raise self._answers.too_late(begun) from error
            raise
        raw = await connection.get_raw_connection()
        known: dict[str, Any] = raw.info
        known[_ASKED_AT] = None
        return connection, known

    def _translated(self, error: Exception, begun: float) -> ServiceError | None:
        cause = error.orig and error.orig.__cause__ if isinstance(error, DBAPIError) else error
        if pooler_is_full(cause):
            return self._answers.pooler_full(begun)
        if is_answer(cause):
            self._answers.note()
        if meaning := meaning_of(cause):
            return as_service_error(meaning)
        broken = isinstance(error, DBAPIError) and error.connection_invalidated
        return DatabaseUnavailable() if broken else None

    def _note_answer(self, connection: Connection, *_event: object) -> None:
        self._answers.note()
        connection.info[_ASKED_AT] = None

    def _note_error(self, context: ExceptionContext) -> None:
        self.writes.note_error(context.original_exception.__cause__)

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
        await self._probes.close()
        await self._direct.close()
        await self._engine.dispose()
        if self._traced:
            SQLAlchemyInstrumentor().uninstrument()


def _note_question(connection: Connection, *_event: object) -> None:
    connection.info[_ASKED_AT] = time.monotonic()
