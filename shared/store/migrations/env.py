"""Alembic's environment: the URL from DATABASE_URL, the tables from `shared.store.models`."""

import asyncio
import os

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from shared.store.database import async_url
from shared.store.models import Base


def run(connection: Connection) -> None:
    """Migrate over one connection; a lock makes concurrent starts take turns."""
    context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True)
    with context.begin_transaction():
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('grocery-planner-ai'))")
        context.run_migrations()


async def connect() -> None:
    """Open the connection that `run` needs."""
    engine = create_async_engine(async_url(os.environ["DATABASE_URL"]))
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


asyncio.run(connect())
