"""How much work waits in each queue and how fast it gets done, according to Postgres."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from shared.contracts.features import Queue
from shared.contracts.service.queues import QueuePause
from shared.store.postgres.statements import Fetch, Statement
from shared.store.workers import workers_by_queue

# By the clock and not by now(), which is earlier than the snapshot: jobs that were admitted in
# between would not count as waiting, and as many others would be admitted above the limit.
_READ = Statement(
    "queues.read",
    "select",
    """
    SELECT
        (
            SELECT json_object_agg(queue, figures)
            FROM (
                SELECT queue, json_build_object(
                    'depth', sum(depth),
                    'scheduled', sum(scheduled),
                    'running', sum(running),
                    'oldest_age', max(oldest_age),
                    'waiting_tenants', count(*) FILTER (WHERE depth > 0),
                    'tenants', coalesce(
                        json_object_agg(
                            tenant_id, json_build_object('depth', depth, 'oldest_age', oldest_age)
                        ) FILTER (WHERE depth >= many OR oldest_age >= old),
                        '{}'
                    )
                ) AS figures
                FROM (
                    SELECT queue, tenant_id,
                        count(*) FILTER (WHERE due) AS depth,
                        count(*) FILTER (WHERE state = 'queued' AND NOT due) AS scheduled,
                        count(*) FILTER (WHERE state = 'running') AS running,
                        coalesce(
                            extract(
                                epoch FROM clock_timestamp() - min(queued_at) FILTER (WHERE due)
                            ), 0
                        ) AS oldest_age
                    FROM (
                        SELECT queue, tenant_id, state, queued_at,
                            state = 'queued' AND queued_at <= clock_timestamp() AS due
                        FROM jobs WHERE state IN ('queued', 'running')
                    ) AS live
                    GROUP BY queue, tenant_id
                ) AS by_tenant
                LEFT JOIN unnest($1::text[], $2::int[], $3::float8[])
                    AS watched (queue, many, old) USING (queue)
                GROUP BY queue
            ) AS by_queue
        ) AS live,
        (SELECT json_object_agg(queue, admitted) FROM queue_admissions) AS admitted,
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
                    'alive', alive_until > now(), 'age', extract(epoch FROM now() - seen_at),
                    'drains', drain_requested_at IS NOT NULL
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


@dataclass(frozen=True)
class Watched:
    """Which tenants of a queue are listed: those with at least `many` waiting jobs, and those whose
    oldest waiting job is at least `old` seconds old."""

    many: int
    old: float


@dataclass(frozen=True, kw_only=True)
class TenantStats:
    """The figures of one tenant in a queue, as in QueueStats."""

    depth: int = 0
    oldest_age: float = 0.0


@dataclass(frozen=True, kw_only=True)
class QueueStats:
    """The figures of one queue.

    `depth`, `scheduled` and `running` count jobs that are due, that are queued but not yet due,
    and that run. `finished` counts the jobs that ended in the last minute. `oldest_age` is for how
    many seconds the oldest due job has waited; 0 if none waits. `admitted` is how many jobs the
    queue has ever admitted. `waiting_tenants` counts the tenants that have due jobs, and `tenants`
    has those of them that are watched. `workers`, `slots`, `served`, `loading` and `heartbeats` are
    those of `QueueWorkers`. `paused` is None unless the queue is.
    """

    depth: int = 0
    scheduled: int = 0
    running: int = 0
    oldest_age: float = 0.0
    finished: int = 0
    admitted: int = 0
    waiting_tenants: int = 0
    tenants: Mapping[str, TenantStats] = field(default_factory=dict)
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


async def queue_stats(
    fetch: Fetch, watched: Mapping[Queue, Watched] | None = None
) -> dict[Queue, QueueStats]:
    """Return the figures of every queue, all of the same moment. Lists the watched tenants."""
    given = watched or {}
    (row,) = await fetch(
        _READ,
        list(given),
        [each.many for each in given.values()],
        [each.old for each in given.values()],
    )
    counted = json.loads(row["live"] or "{}")
    finished = json.loads(row["finished"] or "{}")
    admitted = json.loads(row["admitted"] or "{}")
    workers = workers_by_queue(json.loads(row["workers"] or "[]"))
    pauses = json.loads(row["paused"] or "{}")
    return {
        queue: QueueStats(
            **_live(counted.get(queue, {})),
            finished=finished.get(queue, 0),
            admitted=admitted.get(queue, 0),
            **asdict(workers[queue]),
            paused=QueuePause.model_validate(pauses[queue]) if queue in pauses else None,
        )
        for queue in Queue
    }


def _live(figures: dict[str, Any]) -> dict[str, Any]:
    tenants = figures.get("tenants", {})
    return {**figures, "tenants": {name: TenantStats(**each) for name, each in tenants.items()}}
