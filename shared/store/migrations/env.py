"""Alembic's environment: reads DATABASE_URL and the tables of `shared.store.models`."""

import asyncio
import os
import sys
from contextlib import aclosing

import asyncpg
from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from shared.store.models import Base
from shared.store.postgres.database_url import async_url, check_database_url

# Seconds.
_CONNECT = 10


class CannotConnect(Exception):
    """The database cannot be connected to; the text says what is wrong with server or URL."""


def run(connection: Connection) -> None:
    """Migrate over one connection, under a lock that makes concurrent migrations take turns."""
    context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True)
    with context.begin_transaction():
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('grocery-planner-ai'))")
        context.run_migrations()


async def migrate(url: str) -> None:
    """Run the migrations on the database at `url`. Raises CannotConnect."""
    engine = create_async_engine(async_url(url), connect_args={"timeout": _CONNECT})
    try:
        async with aclosing(await connected(engine)) as connection:
            await connection.run_sync(run)
    finally:
        await engine.dispose()


async def connected(engine: AsyncEngine) -> AsyncConnection:
    """Open a connection, which the caller closes. Raises CannotConnect."""
    try:
        return await engine.connect()
    except TimeoutError as error:
        raise CannotConnect(f"Postgres does not answer within {_CONNECT} s.") from error
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        # Some errors have a second line, with a hint.
        reason = " ".join(str(error).split()).removesuffix(".")
        raise CannotConnect(f"Postgres cannot be reached: {reason}.") from error


def checked_url() -> str:
    """Return DATABASE_URL. Raises CannotConnect if it is missing or is not a URL of a Postgres."""
    try:
        return check_database_url(os.environ.get("DATABASE_URL", ""))
    except ValueError as error:
        raise CannotConnect(str(error)) from error


try:
    asyncio.run(migrate(checked_url()))
except CannotConnect as wrong:
    sys.exit(f"DATABASE_URL: {wrong}")
