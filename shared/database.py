"""Postgres: engine, transactions, and the one place where driver errors become ours."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from asyncpg.exceptions import UndefinedColumnError, UndefinedTableError
from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from shared.errors import DatabaseUnavailable, SchemaBehind


def async_url(url: str) -> URL:
    """The URL for asyncpg, from any of the usual spellings (`postgres://`, `?sslmode=`)."""
    parsed = make_url(url).set(drivername="postgresql+asyncpg")
    query = dict(parsed.query)
    if "sslmode" in query:
        query["ssl"] = query.pop("sslmode")
    return parsed.set(query=query)


class Database:
    """A pool of connections. One instance per process; `close` it last."""

    def __init__(self, url: str, *, process: str, pool_size: int = 10) -> None:
        """`process` is the name that Postgres shows in `pg_stat_activity`."""
        self._engine = create_async_engine(
            async_url(url),
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=2,
            pool_pre_ping=True,
            connect_args={"timeout": 2, "server_settings": {"application_name": process}},
        )
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """One transaction: committed when the block ends, rolled back when it raises.

        Raises DatabaseUnavailable when Postgres is away, SchemaBehind when a table or column
        is missing. Other database errors are bugs and pass through.
        """
        try:
            async with self._sessions.begin() as session:
                yield session
        except ProgrammingError as error:
            if isinstance(error.orig and error.orig.__cause__, _MISSING):
                raise SchemaBehind from error
            raise
        except (OperationalError, InterfaceError, PoolTimeout, OSError) as error:
            raise DatabaseUnavailable from error
        except DBAPIError as error:
            if error.connection_invalidated:
                raise DatabaseUnavailable from error
            raise

    async def ping(self) -> None:
        """Raise DatabaseUnavailable unless Postgres answers."""
        async with self.transaction() as session:
            await session.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()


_MISSING = (UndefinedTableError, UndefinedColumnError)
