"""Reads where a job waits or runs, and which jobs repeat it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.store.postgres.database import Database
from shared.store.postgres.statements import Statement

# Jobs that are counted before one that waits, which bounds the work for a long queue.
MOST_AHEAD = 1_000
# Jobs that repeat another, of which a page names so many.
_MOST_REPEATS = 10

_READ = Statement(
    "queues.place",
    "select",
    f"""
    SELECT queued_at, band, worker_id, cancel_requested_at,
        CASE WHEN state = 'queued' AND queued_at <= now() AND turn IS NOT NULL THEN (
            SELECT count(*) FROM (
                SELECT FROM jobs AS other
                WHERE other.queue = jobs.queue AND other.queued_at <= now()
                    AND other.state IN ('queued', 'running') AND other.state = 'queued'
                    AND (other.band, -other.turn) > (jobs.band, -jobs.turn)
                LIMIT {MOST_AHEAD}
            ) AS before
        ) END AS ahead,
        ARRAY(
            SELECT id FROM (
                SELECT id, created_at FROM jobs AS ended
                WHERE request_id = $2 AND tenant_id = jobs.tenant_id AND finished_at IS NOT NULL
                UNION ALL
                SELECT id, created_at FROM jobs AS live
                WHERE request_id = $2 AND tenant_id = jobs.tenant_id
                    AND state IN ('queued', 'running')
            ) AS repeat
            ORDER BY created_at DESC LIMIT {_MOST_REPEATS}
        ) AS repeats
    FROM jobs WHERE id = $1
    """,  # noqa: S608 (constants)
)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a job is: since when it has waited, which worker runs it, and which jobs repeat it.

    `ahead` counts the jobs that workers take earlier, up to MOST_AHEAD; it is None for a job that
    does not wait, or is not yet due.
    """

    queued_at: datetime
    band: int | None
    worker_id: str | None
    cancel_requested_at: datetime | None
    ahead: int | None
    repeats: Sequence[UUID]


def repeat_id(job_id: UUID) -> str:
    """Return the request id of the jobs that repeat a job."""
    return f"again-{job_id}"


def repeated_id(request_id: str | None) -> UUID | None:
    """Return the job that a job with this request id repeats, or None if it repeats none."""
    prefix, _, text = (request_id or "").partition("-")
    try:
        return UUID(text) if prefix == "again" else None
    except ValueError:
        return None


async def place_of(database: Database, job_id: UUID) -> Place | None:
    """Return the place of a job, or None if there is no such job."""
    rows = await database.fetch(_READ, job_id, repeat_id(job_id))
    return Place(**dict(rows[0])) if rows else None
