"""How much work waits, as Postgres has it."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.features import Queue
from shared.contracts.jobs import JobStatus
from shared.models import Job


@dataclass(frozen=True)
class QueueStats:
    """Jobs that wait, and for how many seconds the oldest has (0 when none does)."""

    depth: int
    oldest_age: float


async def queue_stats(session: AsyncSession) -> dict[Queue, QueueStats]:
    """For every queue."""
    age = func.extract("epoch", func.now() - func.min(Job.queued_at))
    query = (
        select(Job.queue, func.count(), age)
        .where(Job.state == JobStatus.QUEUED)
        .group_by(Job.queue)
    )
    stats = {queue: QueueStats(0, 0.0) for queue in Queue}
    for name, depth, oldest in await session.execute(query):
        stats[Queue(name)] = QueueStats(depth, max(float(oldest), 0.0))
    return stats
