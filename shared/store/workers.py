"""The workers that are alive, as their heartbeats say."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.store.models import WorkerRecord


async def alive_workers(session: AsyncSession) -> Sequence[WorkerRecord]:
    """Those that were heard of within their own lease."""
    query = select(WorkerRecord).where(WorkerRecord.alive_until > func.now())
    return (await session.scalars(query)).all()
