"""How much work waits in each queue and how fast it gets done, according to Postgres."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from shared.contracts.features import Queue
from shared.contracts.service.queues import QueuePause
from shared.store.postgres.database import Database
from shared.store.postgres.direct import Statement
from shared.store.workers import workers_by_queue

_READ = Statement(
    "queues.read",
    "select",
    """
    SELECT
        (
            SELECT json_object_agg(queue, figures)
            FROM (
                SELECT queue, json_build_object(
                    'depth', count(*) FILTER (WHERE due),
                    'scheduled', count(*) FILTER (WHERE queued_at > now()),
                    'running', count(*) FILTER (WHERE state = 'running'),
                    'oldest_age',
                    coalesce(extract(epoch FROM now() - min(queued_at) FILTER (WHERE due)), 0)
                ) AS figures
                FROM (
                    SELECT queue, state, queued_at, state = 'queued' AND queued_at <= now() AS due
                    FROM jobs WHERE state IN ('queued', 'running')
                ) AS live
                GROUP BY queue
            ) AS by_queue
        ) AS live,
        (
            SELECT json_object_agg(queue, finished)
            FROM (
                SELECT queue, count(*) AS finished FROM jobs
                WHERE finished_at > now() - interval '1 minute' GROUP BY queue
            ) AS by_queue
        ) AS finished,
        (
            SELECT json_agg(
                json_build_object(
                    'id', id, 'queues', queues, 'slots', slots, 'engines', engines,
                    'alive', alive_until > now(), 'age', extract(epoch FROM now() - seen_at)
                )
            )
            FROM workers
            WHERE alive_until > now() OR seen_at > now() - interval '1 minute'
        ) AS workers,
        (
            SELECT json_object_agg(queue, json_build_object('at', paused_at, 'by', paused_by))
            FROM queue_pauses
        ) AS paused
    """,
)


@dataclass(frozen=True, kw_only=True)
class QueueStats:
    """The figures of one queue.

    `depth`, `scheduled` and `running` count jobs that are due, that are queued but not yet due,
    and that run. `finished` counts the jobs that ended in the last minute. `oldest_age` is for how
    many seconds the oldest due job has waited; 0 if none waits. `workers`, `slots`, `served`,
    `loading` and `heartbeats` are those of `QueueWorkers`. `paused` is None unless the queue is.
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
    paused: QueuePause | None = None

    @property
    def estimated_wait(self) -> float | None:
        """In how many seconds a job submitted now would begin, at the pace of the last minute.

        None if the queue is paused, or if the job would have to wait and no job ended in the last
        minute.
        """
        if self.paused:
            return None
        if self.depth == 0 and self.running < self.slots:
            return 0.0
        return self.depth / self.finished * 60 if self.finished else None


async def queue_stats(database: Database) -> dict[Queue, QueueStats]:
    """Return the figures of every queue."""
    (row,) = await database.fetch(_READ)
    counted = json.loads(row["live"] or "{}")
    finished = json.loads(row["finished"] or "{}")
    workers = workers_by_queue(json.loads(row["workers"] or "[]"))
    pauses = json.loads(row["paused"] or "{}")
    return {
        queue: QueueStats(
            **counted.get(queue, {}),
            finished=finished.get(queue, 0),
            **asdict(workers[queue]),
            paused=QueuePause.model_validate(pauses[queue]) if queue in pauses else None,
        )
        for queue in Queue
    }
