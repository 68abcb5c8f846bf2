"""Alembic's environment: reads DATABASE_URL and the tables of `shared.store.models`."""

import asyncio
import os
from contextlib import aclosing, suppress

import asyncpg
from alembic import context
from alembic.util import CommandError
from pydantic import SecretStr, ValidationError
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from shared.process.start import WRONG_SETTINGS, refuse
from shared.settings import setting_problems
from shared.store.models import Base
from shared.store.postgres.connecting import Connecting
from shared.store.postgres.settings.database_settings import DatabaseSettings
from shared.store.postgres.settings.database_url import async_url
from shared.store.postgres.settings.limits import lift_limits, role_changes

# Seconds.
_PAUSE = 0.2
_ATTEMPTS = 10
_TAKE = text("SELECT pg_try_advisory_xact_lock(hashtext('grocery-planner-ai'))")

# Counts the sessions that began earlier, and ends those of them that idle.
_END_IDLE = text(
    """
    SELECT count(*), count(*) FILTER (WHERE state = 'idle' AND pg_terminate_backend(pid))
    FROM pg_stat_activity
    WHERE usename = session_user AND datname = current_database() AND pid <> pg_backend_pid()
        AND backend_start < :before
    """
)


class CannotConnect(Exception):
    """The database cannot be connected to; the text says what is wrong with server or URL."""


class CannotLimit(Exception):
    """The limits of the role cannot be set; the text says who can."""


def run(connection: Connection) -> None:
    """Migrate over one connection, each revision in a transaction of its own."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def migrate(settings: DatabaseSettings) -> None:
    """Run the migrations, and if there is a pooler, limit the role. Raises CannotConnect."""
    pooled = settings.database_pooler != "none"
    url = async_url(settings.database_url.get_secret_value())
    connecting = Connecting(process="migrate", pooler=settings.database_pooler, limit=None)
    engine = create_async_engine(
        url,
        connect_args=connecting.engine_arguments(url),
        hide_parameters=True,
    )
    _lift_limits(engine, pooled=pooled)
    try:
        async with aclosing(await connected(engine)) as holder:
            await _take(holder)
            async with aclosing(await connected(engine)) as connection:
                await connection.run_sync(run)
            # Commands that only look, such as `current`, have no revision to go to.
            limits = pooled and "destination_rev" in context.get_context().opts
            if limits and await _limit_role(holder, settings.longest_transaction):
                await _end_earlier_sessions(holder)
    finally:
        await engine.dispose()


def _lift_limits(engine: AsyncEngine, *, pooled: bool) -> None:
    """Let a migration take as long as it needs, although the role may have limits.

    A statement outside transactions keeps the limits if there is a pooler, since what it sets for a
    session would be set for other clients.
    """

    @event.listens_for(engine.sync_engine, "begin")
    def lift(connection: Connection) -> None:
        connection.exec_driver_sql(lift_limits(local=pooled))


async def _take(holder: AsyncConnection) -> None:
    """Wait for other migrations, and keep later ones waiting until the transaction ends.

    Nobody waits inside Postgres: an index that is built while rows are written has to wait for
    every statement that runs, and would wait forever for one that waits for its own migration.
    """
    while not await holder.scalar(_TAKE):
        await holder.rollback()
        await asyncio.sleep(_PAUSE)
    # Replaces the answered query, whose snapshot an index that is built would wait for as well.
    await holder.exec_driver_sql("SAVEPOINT taken")


async def _limit_role(connection: AsyncConnection, seconds: float) -> bool:
    """Give the role the limits that a pooler keeps its connections from setting themselves.

    Returns whether it lacked any. Raises CannotLimit if the role may not be changed.
    """
    changes = await role_changes(connection, seconds)
    try:
        for change in changes:
            await connection.exec_driver_sql(change)
        await connection.commit()
    except DBAPIError as error:
        if isinstance(error.orig and error.orig.__cause__, asyncpg.InsufficientPrivilegeError):
            raise CannotLimit(
                "DATABASE_POOLER: the schema is up to date, but this role may not be changed. "
                f"As an administrator, run: {'; '.join(changes)};"
            ) from error
        raise
    return bool(changes)


async def _end_earlier_sessions(connection: AsyncConnection) -> None:
    """End the sessions of the role that idle in the pool, and at last our own.

    A session keeps the limits with which it began. The pooler opens others when it needs them. What
    is busy is tried again for a while.
    """
    before = await connection.scalar(text("SELECT now()"))
    for _ in range(_ATTEMPTS):
        left = await connection.scalar(_END_IDLE, {"before": before})
        await connection.commit()
        if not left:
            break
        await asyncio.sleep(_PAUSE)
    with suppress(DBAPIError):
        await connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")


async def connected(engine: AsyncEngine) -> AsyncConnection:
    """Open a connection, which the caller closes. Raises CannotConnect."""
    try:
        return await engine.connect()
    except TimeoutError as error:
        raise CannotConnect("Postgres does not answer within 10 s.") from error
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        # Some errors have a second line, with a hint.
        reason = " ".join(str(error).split()).removesuffix(".")
        raise CannotConnect(f"Postgres cannot be reached: {reason}.") from error


def settings_of_environment() -> DatabaseSettings:
    """Return the settings. Ends the process with an error for each that is missing or wrong."""
    try:
        # A URL that is not set is wrong in the same way as an empty one.
        return DatabaseSettings(database_url=SecretStr(os.environ.get("DATABASE_URL", "")))
    except ValidationError as error:
        refuse("setting.refused", setting_problems(error), WRONG_SETTINGS)


try:
    asyncio.run(migrate(settings_of_environment()))
except CannotConnect as wrong:
    refuse("migrate.stopped", [f"DATABASE_URL: {wrong}"], 1)
except (CannotLimit, CommandError) as wrong:
    refuse("migrate.stopped", [str(wrong)], 1)
