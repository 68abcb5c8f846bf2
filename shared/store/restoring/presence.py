"""Finds out which fronts and workers use the database now."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# Postgres shows these names of every session to everybody.
_CONNECTED = text("""
SELECT DISTINCT application_name FROM pg_stat_activity
WHERE datname = current_database() AND application_name IN ('api', 'worker')
ORDER BY application_name
""")
_WORDS = {"api": "a front that is connected", "worker": "a worker that is connected"}
_ALIVE = text("SELECT EXISTS (SELECT FROM workers WHERE alive_until > now())")


async def processes(session: AsyncSession) -> list[str]:
    """Return what seems to run, in words: connected fronts and workers, and workers that beat.

    A worker that died within the last lease before the restored moment counts as one that beats.
    """
    found = [_WORDS[name] for name in await session.scalars(_CONNECTED)]
    if await session.scalar(_ALIVE):
        found.append("a worker whose last heartbeat is recent")
    return found
