"""Single statements on connections of their own, without the cost of a transaction around them.

A statement takes one round trip: Postgres commits it by itself, and the driver has it prepared
after its first use on a connection. `Database` owns these connections and documents their limits.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import asyncpg
import structlog
from opentelemetry.trace import SpanKind, Tracer
from sqlalchemy import URL

from shared.errors import DatabaseUnavailable
from shared.process.guards.circuit import State
from shared.process.patience import Patience
from shared.store.postgres.connecting import Connecting, Connection
from shared.store.postgres.gate import Answers, Gate
from shared.store.postgres.sqlstates import (
    TRIES,
    is_answer,
    may_repeat,
    meaning_of,
    pooler_is_full,
    refuses,
    translated,
)
from shared.store.postgres.statements import Row, Statement
from shared.store.postgres.writes import Writes

log = structlog.get_logger(__name__)

# Seconds that closing a connection may take.
_CLOSE = 0.2


class DirectConnections:
    """A pool of connections that each run one statement at a time."""

    def __init__(
        self,
        url: URL,
        answers: Answers,
        writes: Writes,
        connecting: Connecting,
        *,
        size: int,
        limit: float | None,
    ) -> None:
        """Prepare a pool of `size` connections, which connects when it is first used.

        `limit` is how many seconds a statement may take once it has a connection, None if any
        number.
        """
        self._gate = Gate(answers, size, limit)
        self._url = url
        self._answers = answers
        self._writes = writes
        self._connecting = connecting
        self._size = size
        self._limit = limit
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()
        self._freeing: set[asyncio.Task[None]] = set()
        # Whether the pool's connections must not be used any more: see `new_engine`.
        self._expired = False
        answers.circuit.when_changed(lambda state: self._expire() if state is State.OPEN else None)
        writes.when_read_only(self._expire)
        self._tracer: Tracer | None = None
        self._observe: Callable[[str, float], None] = _ignore

    def trace_with(self, tracer: Tracer) -> None:
        """Make a span of every statement from now on."""
        self._tracer = tracer

    def measure_with(self, observe: Callable[[str, float], None]) -> None:
        """Pass the operation and the seconds of every statement that succeeds to `observe`."""
        self._observe = observe

    async def fetch(self, statement: Statement, *arguments: object) -> Sequence[Row]:
        """Run a statement and return its rows.

        Sends it once more if the connection breaks, unless it says `once`, and up to twice more if
        another transaction was in its way. If the server takes no writes, it is sent once more over
        a new connection, which may lead to another server.

        Raises DatabaseUnavailable if Postgres cannot be reached or takes too long, Busy if only
        this statement does, DatabaseReadOnly if it takes no writes, and SchemaBehind if a table or
        column is missing. Other errors of Postgres are bugs and pass through.
        """
        with translated(), self._span(statement):
            for tries in range(1, TRIES + 1):
                try:
                    rows = await self._limited(statement, arguments)
                except Exception as error:
                    if _writes(statement):
                        self._writes.note_error(error)
                    if not may_repeat(meaning_of(error), tries, once=statement.once):
                        raise
                else:
                    if statement.proves_writes:
                        self._writes.note_taken()
                    return rows
            raise AssertionError("the last try returns or raises")

    async def close(self) -> None:
        """Close every connection."""
        if self._pool is not None:
            try:
                await asyncio.wait_for(self._pool.close(), _CLOSE)
            except TimeoutError:
                self._pool.terminate()

    async def _limited(self, statement: Statement, arguments: Sequence[object]) -> Sequence[Row]:
        late: list[DatabaseUnavailable] = []
        async with self._gate:
            begun = time.monotonic()
            # Nobody else shall wait for Postgres while this connection is being closed.
            limit = Patience(self._limit, lambda: late.append(self._answers.too_late(begun)))
            try:
                async with limit:
                    rows = await self._fetch(statement, arguments, begun)
            except TimeoutError as error:
                # Without an expired limit it was the limit of connecting.
                raise late[0] if late else self._answers.too_late(begun) from error
            except asyncpg.PostgresError as error:
                if pooler_is_full(error):
                    raise self._answers.pooler_full(begun) from error
                if is_answer(error):
                    self._answers.note()
                raise
        self._answers.note()
        return rows

    async def _fetch(
        self, statement: Statement, arguments: Sequence[object], begun: float
    ) -> Sequence[Row]:
        pool = self._pool or await self._open()
        if self._expired:
            self._expired = False
            await pool.expire_connections()
        try:
            connection = await pool.acquire()
        except Exception as error:
            if refuses(error):
                raise self._answers.too_late(begun) from error
            raise
        try:
            rows = await self._run(connection, statement, arguments)
        except asyncio.CancelledError:
            # Postgres has to confirm that, for which the caller does not wait any longer.
            self._begin_freeing(pool, connection)
            raise
        except Exception:
            await _free(pool, connection)
            raise
        await _free(pool, connection)
        return rows

    async def _run(
        self, connection: asyncpg.Connection, statement: Statement, arguments: Sequence[object]
    ) -> Sequence[Row]:
        begun = time.perf_counter()
        rows: Sequence[Row] = await connection.fetch(statement.sql, *arguments)
        self._observe(statement.operation, time.perf_counter() - begun)
        return rows

    def _begin_freeing(self, pool: asyncpg.Pool, connection: asyncpg.Connection) -> None:
        freeing = asyncio.create_task(_free(pool, connection))
        self._freeing.add(freeing)
        freeing.add_done_callback(self._freeing.discard)

    def _expire(self) -> None:
        self._expired = True

    async def _open(self) -> asyncpg.Pool:
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    connect=self._connecting.creator(self._url),
                    connection_class=Connection,
                    min_size=0,
                    max_size=self._size,
                    init=self._connecting.prepare,
                    # These statements set nothing that a statement at each release had to undo.
                    reset=_keep,
                )
        return self._pool

    @contextmanager
    def _span(self, statement: Statement) -> Iterator[None]:
        if self._tracer is None:
            yield
            return
        attributes = {
            "db.system.name": "postgresql",
            "db.operation.name": statement.operation.upper(),
            "db.query.summary": statement.name,
        }
        with self._tracer.start_as_current_span(
            statement.name, kind=SpanKind.CLIENT, attributes=attributes
        ):
            yield


def _writes(statement: Statement) -> bool:
    return statement.operation != "select"


async def _free(pool: asyncpg.Pool, connection: asyncpg.Connection) -> None:
    """Give a connection back, or close it if that fails.

    No error is raised: what counts is how the statement ended. If the connection broke meanwhile,
    the driver has closed it and has nothing left to give back.
    """
    try:
        await pool.release(connection, timeout=_CLOSE)
    except Exception as error:
        log.debug("connection.not_freed", reason=type(error).__name__)
        with suppress(asyncpg.InterfaceError):
            connection.terminate()


async def _keep(_connection: object) -> None:
    """Leave the connection as it is."""


def _ignore(_operation: str, _seconds: float) -> None:
    """Measure nothing."""
