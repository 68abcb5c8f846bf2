"""Locks of Postgres by which the workers share out work that only one of them has to do."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

# Any number that nothing else on this database locks.
RECONCILER = 7_401_995


async def try_lock(session: AsyncSession, number: int) -> bool:
    """Take an advisory lock until the transaction ends. False, at once, when another transaction
    has it."""
    return bool(await session.scalar(select(func.pg_try_advisory_xact_lock(number))))
