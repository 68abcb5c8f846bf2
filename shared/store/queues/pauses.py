"""The pauses of queues: rows that every worker reads, those that start later too."""

from collections.abc import Iterable

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.features import Queue
from shared.store.models import QueuePause
from shared.store.postgres.statements import Fetch, Statement

_PAUSED = Statement("queues.paused", "select", "SELECT queue FROM queue_pauses")


async def pause(session: AsyncSession, queue: Queue, by: str) -> bool:
    """Pause a queue in the name of a caller; return False if it was paused already."""
    paused = insert(QueuePause).values(queue=queue.value, paused_at=func.now(), paused_by=by)
    added = paused.on_conflict_do_nothing().returning(QueuePause.queue)
    return await session.scalar(added) is not None


async def resume(session: AsyncSession, queue: Queue) -> bool:
    """Resume a queue; return False if it was not paused."""
    ended = delete(QueuePause).where(QueuePause.queue == queue.value).returning(QueuePause.queue)
    return await session.scalar(ended) is not None


async def paused_queues(fetch: Fetch) -> frozenset[Queue]:
    """Return the queues that are paused. Raises DatabaseUnavailable."""
    return known_queues(row["queue"] for row in await fetch(_PAUSED))


def known_queues(names: Iterable[str]) -> frozenset[Queue]:
    """Return the queues of these names. A newer version may have paused one that is not known."""
    names = set(names)
    return frozenset(queue for queue in Queue if queue.value in names)
