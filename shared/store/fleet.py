"""Lists the workers for operators, with the jobs that they run, and drains them."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.features import Feature, Queue
from shared.contracts.service.workers import WorkerHealth, WorkerView
from shared.store.models import WorkerRecord
from shared.store.postgres.statements import Fetch, Row, Statement
from shared.store.workers import component_reports

# The most workers that are listed. Replaced ones are kept for a day, so there may be many.
_MOST = 200
# The most running jobs that are listed.
_MOST_JOBS = 1000

_READ = Statement(
    "workers.list",
    "select",
    """
    SELECT id, version, queues, slots, engines, started_at, seen_at, drain_requested_at,
        alive_until > now() AS alive,
        extract(epoch FROM now() - seen_at)::float8 AS age,
        (
            SELECT count(*) FROM jobs WHERE worker_id = workers.id AND state = 'running'
        ) AS running
    FROM workers
    WHERE id = coalesce($1, id)
    ORDER BY alive DESC, CASE WHEN alive_until > now() THEN started_at END, seen_at DESC, id
    LIMIT $2
    """,
)
_RUNNING = Statement(
    "workers.running",
    "select",
    """
    SELECT worker_id, id, feature, tenant_id, started_at FROM jobs
    WHERE state = 'running' AND worker_id IS NOT NULL
        AND ($1::text[] IS NULL OR tenant_id = ANY ($1))
    ORDER BY started_at, id LIMIT $2
    """,
)


@dataclass(frozen=True)
class RunningJob:
    """A job that a worker runs, and since when."""

    worker_id: str
    id: UUID
    feature: Feature
    tenant_id: str
    started_at: datetime


async def seen_workers(fetch: Fetch, *, late_after: float) -> list[WorkerView]:
    """Return up to 200 workers that were seen within a day, those that live first.

    A worker is late if its last heartbeat was `late_after` seconds ago. Raises DatabaseUnavailable.
    """
    return [_view(row, late_after) for row in await fetch(_READ, None, _MOST)]


async def known_worker(fetch: Fetch, worker_id: str, *, late_after: float) -> WorkerView | None:
    """Return a worker, or None if there is none of this id. Raises DatabaseUnavailable."""
    rows = await fetch(_READ, worker_id, 1)
    return _view(rows[0], late_after) if rows else None


async def running_jobs(fetch: Fetch, tenants: frozenset[str] | None) -> list[RunningJob]:
    """Return up to 1,000 running jobs of some tenants, or of all for None, oldest first.

    Raises DatabaseUnavailable.
    """
    rows = await fetch(_RUNNING, None if tenants is None else sorted(tenants), _MOST_JOBS)
    return [
        RunningJob(
            row["worker_id"],
            row["id"],
            Feature(row["feature"]),
            row["tenant_id"],
            row["started_at"],
        )
        for row in rows
    ]


async def set_drained(session: AsyncSession, worker_id: str, *, drains: bool) -> bool:
    """Drain a worker, or end that; return False if it is so already, or if there is no such worker.

    A worker that drains counts no more as one that serves its queues. Its next heartbeat after that
    has ended names them again.
    """
    drained = WorkerRecord.drain_requested_at
    changed = update(WorkerRecord).where(
        WorkerRecord.id == worker_id, drained.is_(None) if drains else drained.is_not(None)
    )
    values: dict[str, Any] = (
        {"drain_requested_at": func.now(), "queues": []} if drains else {"drain_requested_at": None}
    )
    found = await session.scalar(changed.values(**values).returning(WorkerRecord.id))
    return found is not None


def _view(row: Row, late_after: float) -> WorkerView:
    slots = json.loads(row["slots"])
    worker = WorkerRecord(engines=json.loads(row["engines"]))
    return WorkerView(
        id=row["id"],
        # The id is that of the host, of the process, and a random one.
        host=row["id"].rsplit(":", 2)[0],
        version=row["version"],
        health=_health(row, late_after),
        queues=[queue for queue in Queue if queue in row["queues"]],
        slots={queue: slots[queue] for queue in Queue if queue in slots},
        running=row["running"],
        started_at=row["started_at"],
        seen_at=row["seen_at"],
        draining_since=row["drain_requested_at"],
        engines=component_reports(worker),
    )


def _health(row: Row, late_after: float) -> WorkerHealth:
    if not row["alive"]:
        return WorkerHealth.GONE
    return WorkerHealth.LATE if row["age"] > late_after else WorkerHealth.ALIVE
