"""The heartbeat: renews the leases of a worker and its row, and finds what it has to cancel or to
leave alone.

The first heartbeat after a silence of all workers notes that, since Postgres may have been away.
Neither commit waits for the disk: after a crash of Postgres the next heartbeat brings it all back.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.contracts.features import Queue
from shared.contracts.service.components import Component, ComponentReport
from shared.store.hot.leases import Leases
from shared.store.postgres.statements import Fetch, Statement
from shared.store.queues.pauses import Standing, known_queues
from shared.store.workers import to_stored


@dataclass(frozen=True, kw_only=True)
class WorkerReport:
    """What a worker reports about itself. `components` are stored in the column `engines`."""

    id: str
    version: str
    queues: Sequence[Queue]
    slots: Mapping[Queue, int]
    components: Mapping[Component, ComponentReport]


@dataclass(frozen=True)
class Held:
    """The jobs that the worker holds, and those of them that somebody asked to cancel.

    `standing` is what the worker must not take.
    """

    jobs: frozenset[UUID]
    to_cancel: frozenset[UUID]
    standing: Standing


# A row that another session has locked is skipped, or it would cost the leases of all others. It
# counts as held all the same: its worker is then still in the row that this statement sees. Nobody
# rescues a locked row, nor, until the next heartbeat, one whose worker says that it has skipped
# any: the lease may have run out meanwhile.
_BEAT = Statement(
    "workers.beat",
    "update",
    """
WITH locked AS (
    SELECT id FROM jobs WHERE id = ANY ($2::uuid[]) AND worker_id = $1 AND state = 'running'
    ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
),
renewed AS (
    UPDATE jobs SET lease_until = now() + make_interval(secs => $3)
    FROM locked
    WHERE jobs.id = locked.id AND jobs.worker_id = $1 AND jobs.state = 'running'
),
silence AS (
    SELECT coalesce(max(seen_at) < now() - make_interval(secs => $8), false) AS ended FROM workers
),
held AS (
    SELECT id, cancel_requested_at IS NOT NULL AS cancel FROM jobs
    WHERE id = ANY ($2::uuid[]) AND worker_id = $1 AND state = 'running'
),
reported AS (
    INSERT INTO workers
        (id, version, queues, slots, engines, seen_at, alive_until, ended_silence_at, skipped)
    SELECT
        $1, $4, $5::text[], $6::text::jsonb, $7::text::jsonb, now(),
        now() + make_interval(secs => $3), CASE WHEN silence.ended THEN now() END,
        EXISTS (SELECT id FROM held EXCEPT SELECT id FROM locked)
    FROM silence
    ON CONFLICT (id) DO UPDATE SET
        version = excluded.version, slots = excluded.slots,
        queues = CASE WHEN workers.drain_requested_at IS NULL THEN excluded.queues ELSE '{}' END,
        engines = excluded.engines, skipped = excluded.skipped,
        seen_at = excluded.seen_at, alive_until = excluded.alive_until,
        ended_silence_at = coalesce(excluded.ended_silence_at, workers.ended_silence_at)
    RETURNING drain_requested_at IS NOT NULL AS drains,
        set_config('synchronous_commit', 'off', true) AS unflushed
)
SELECT held.id, held.cancel, reported.drains,
    (SELECT array_agg(queue) FROM queue_pauses) AS paused
FROM reported LEFT JOIN held ON true
""",
)
_TO_CANCEL = Statement(
    "jobs.to_cancel",
    "select",
    """
SELECT id FROM jobs
WHERE worker_id = $1 AND state = 'running' AND cancel_requested_at IS NOT NULL
""",
)


async def beat(
    fetch: Fetch, worker: WorkerReport, running: Collection[UUID], leases: Leases
) -> Held:
    """Renew the leases of the running jobs and the row of the worker.

    A lease that has run out is renewed too, as long as nobody has rescued the job. Pass the jobs
    that the worker is running, or whose outcomes it is still storing. If Postgres refuses to store
    the end of a job for good, its lease has to run out so that it is rescued. Raises
    DatabaseUnavailable.
    """
    rows = await fetch(
        _BEAT,
        worker.id,
        list(running),
        leases.last,
        worker.version,
        [queue.value for queue in worker.queues],
        json.dumps(dict(worker.slots)),
        json.dumps({name: to_stored(report) for name, report in worker.components.items()}),
        leases.silence,
    )
    return Held(
        frozenset(row["id"] for row in rows if row["id"]),
        frozenset(row["id"] for row in rows if row["cancel"]),
        Standing(known_queues(rows[0]["paused"] or ()), rows[0]["drains"]),
    )


async def cancels_requested(fetch: Fetch, worker_id: str) -> Sequence[UUID]:
    """Return the jobs that the worker runs and that somebody has asked to cancel.

    Raises DatabaseUnavailable.
    """
    return [row["id"] for row in await fetch(_TO_CANCEL, worker_id)]
