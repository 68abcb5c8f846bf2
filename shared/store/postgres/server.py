"""What the Postgres server itself offers: its version, size, clock and advisory locks."""

from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

# The advisory lock of the reconciler: an arbitrary number that nothing else in the database locks.
RECONCILER = 7_401_995


async def server_version(session: AsyncSession) -> int:
    """Return the version of Postgres as `major * 10_000 + minor`: 170002 is 17.2."""
    return int(await session.scalar(text("SHOW server_version_num")) or 0)


async def database_size(session: AsyncSession) -> str:
    """Return the size of the database on disk, formatted for people: `12 MB`."""
    query = text("SELECT pg_size_pretty(pg_database_size(current_database()))")
    return str(await session.scalar(query))


async def server_time(session: AsyncSession) -> datetime:
    """Return the current time by the server's clock."""
    now: datetime = (await session.scalars(select(func.clock_timestamp()))).one()
    return now


async def standbys(session: AsyncSession) -> tuple[int, bool]:
    """Return how many standbys follow the server, and whether commits wait for any of them."""
    query = text(
        """SELECT (SELECT count(*) FROM pg_stat_replication),
                  current_setting('synchronous_standby_names') <> ''
                      AND current_setting('synchronous_commit') NOT IN ('off', 'local')"""
    )
    following, waited_for = (await session.execute(query)).one()
    return int(following), bool(waited_for)


async def try_lock(session: AsyncSession, number: int) -> bool:
    """Take an advisory lock until the transaction ends; return whether it was free.

    Does not wait for another transaction that holds the lock.
    """
    return bool(await session.scalar(select(func.pg_try_advisory_xact_lock(number))))
