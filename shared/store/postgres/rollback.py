"""Rolls transactions back, even while Postgres hangs."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from shared.process.patience import Patience

# Seconds.
_ANSWER = 0.2


async def roll_back(session: AsyncSession, connection: AsyncConnection) -> None:
    """Roll back the transaction of `session`, or disconnect if Postgres does not answer at once.

    A session that is merely closed waits for the answer without a limit, even if it is cancelled.
    No error is raised: the one that matters is that for which the transaction is rolled back.
    """
    try:
        async with Patience(_ANSWER):
            await session.rollback()
    except Exception:
        await _disconnect(connection)
    except asyncio.CancelledError:
        await _disconnect(connection)
        raise


async def _disconnect(connection: AsyncConnection) -> None:
    # It is closed already if the error broke it.
    if not connection.closed:
        await connection.invalidate()
