"""How much work waits in each queue and how fast it gets done, according to Postgres."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from sqlalchemy import case, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.features import Queue
from shared.contracts.jobs import JobStatus
from shared.store.models import Job
from shared.store.workers import queue_workers

_MINUTE = text("interval '1 minute'")


@dataclass(frozen=True, kw_only=True)
class QueueStats:
    """The figures of one queue.

    `depth`, `scheduled` and `running` count jobs that are due, that are queued but not yet due,
    and that run. `finished` counts the jobs that ended in the last minute. `oldest_age` is for how
    many seconds the oldest due job has waited; 0 if none waits. `workers`, `slots`, `served`,
    `loading` and `heartbeats` are those of `QueueWorkers`.
    """

    depth: int = 0
    scheduled: int = 0
    running: int = 0
    oldest_age: float = 0.0
    finished: int = 0
    workers: int = 0
    slots: int = 0
    served: bool = False
    loading: bool = False
    heartbeats: Mapping[str, float] = field(default_factory=dict)

    @property
    def estimated_wait(self) -> float | None:
        """In how many seconds a job submitted now would begin, at the pace of the last minute.

        None if it would have to wait and no job ended in the last minute.
        """
        if self.depth == 0 and self.running < self.slots:
            return 0.0
        return self.depth / self.finished * 60 if self.finished else None


async def queue_stats(session: AsyncSession) -> dict[Queue, QueueStats]:
    """Return the figures of every queue."""
    due = (Job.state == JobStatus.QUEUED) & (Job.queued_at <= func.now())
    age = func.extract("epoch", func.now() - func.min(case((due, Job.queued_at))))
    live = (
        select(
            Job.queue,
            func.count().filter(due),
            func.count().filter(Job.queued_at > func.now()),
            func.count().filter(Job.state == JobStatus.RUNNING),
            func.coalesce(age, 0),
        )
        .where(Job.state.in_((JobStatus.QUEUED, JobStatus.RUNNING)))
        .group_by(Job.queue)
    )
    counted = {row[0]: row[1:] for row in await session.execute(live)}
    done = (
        select(Job.queue, func.count())
        .where(Job.finished_at > func.now() - _MINUTE)
        .group_by(Job.queue)
    )
    finished = {row[0]: row[1] for row in await session.execute(done)}
    workers = await queue_workers(session)
    stats = {}
    for queue in Queue:
        depth, scheduled, running, oldest = counted.get(queue, (0, 0, 0, 0))
        stats[queue] = QueueStats(
            depth=depth,
            scheduled=scheduled,
            running=running,
            oldest_age=float(oldest),
            finished=finished.get(queue, 0),
            **asdict(workers[queue]),
        )
    return stats
