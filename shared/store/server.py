"""The server itself: its version, its clock, and the locks by which workers share out work."""

from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

# The advisory lock of the reconciler: any number that nothing else on this database locks.
RECONCILER = 7_401_995


async def server_version(session: AsyncSession) -> int:
    """The version as one number, major times 10,000 plus minor: 170002 is 17.2."""
    return int(await session.scalar(text("SHOW server_version_num")) or 0)


async def database_size(session: AsyncSession) -> str:
    """The size of the database on disk, for people: `12 MB`."""
    query = text("SELECT pg_size_pretty(pg_database_size(current_database()))")
    return str(await session.scalar(query))


async def server_time(session: AsyncSession) -> datetime:
    """The server's clock, now."""
    now: datetime = (await session.scalars(select(func.clock_timestamp()))).one()
    return now


async def try_lock(session: AsyncSession, number: int) -> bool:
    """Take an advisory lock until the transaction ends. False, at once, when another transaction
    has it."""
    return bool(await session.scalar(select(func.pg_try_advisory_xact_lock(number))))
