"""The pauses of queues: rows that every worker reads, those that start later too."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.features import Queue
from shared.store.models import QueuePause
from shared.store.postgres.statements import Fetch, Statement

_STANDING = Statement(
    "queues.paused",
    "select",
    """
    SELECT (SELECT array_agg(queue) FROM queue_pauses) AS paused,
        EXISTS (SELECT FROM workers WHERE id = $1 AND drain_requested_at IS NOT NULL) AS drains
    """,
)


@dataclass(frozen=True)
class Standing:
    """What a worker must not take: messages of the `paused` queues, or any at all if it `drains`.

    An operator asked for both.
    """

    paused: frozenset[Queue] = frozenset()
    drains: bool = False


async def pause(session: AsyncSession, queue: Queue, by: str) -> bool:
    """Pause a queue in the name of a caller; return False if it was paused already."""
    paused = insert(QueuePause).values(queue=queue.value, paused_at=func.now(), paused_by=by)
    added = paused.on_conflict_do_nothing().returning(QueuePause.queue)
    return await session.scalar(added) is not None


async def resume(session: AsyncSession, queue: Queue) -> bool:
    """Resume a queue; return False if it was not paused."""
    ended = delete(QueuePause).where(QueuePause.queue == queue.value).returning(QueuePause.queue)
    return await session.scalar(ended) is not None


async def standing(fetch: Fetch, worker_id: str) -> Standing:
    """Return what a worker must not take. Raises DatabaseUnavailable."""
    (row,) = await fetch(_STANDING, worker_id)
    return Standing(known_queues(row["paused"] or ()), row["drains"])


def known_queues(names: Iterable[str]) -> frozenset[Queue]:
    """Return the queues of these names. A newer version may have paused one that is not known."""
    names = set(names)
    return frozenset(queue for queue in Queue if queue.value in names)
