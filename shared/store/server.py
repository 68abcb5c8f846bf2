"""What Postgres says of itself: for people who look for what is wrong with it."""

from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession


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
