"""Queues every live job anew, after Postgres was restored to an earlier moment."""

from dataclasses import dataclass

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from shared.errors import Cancelled
from shared.store.transitions.values import as_json


@dataclass(frozen=True, kw_only=True)
class QueuedAnew:
    """How many live jobs waited, how many ran, and how many of them were to be cancelled."""

    waiting: int
    running: int
    cancelled: int


# Messages and workers may know dispatches that the restored row has yet to reach. The new one is
# the number of seconds since 2020, which is above any of theirs: a job starts at 1, and is not
# queued again once a second for as long as it lives. It also rises from one restore to the next.
# A waiting job keeps its turn; one that ran gets a turn like any job that is queued again, and its
# budgets are not touched. The wait of both counts anew: what has passed since the restored moment
# says nothing about the queue, and would have its tenant refused for the age of its jobs.
_QUEUE_ANEW = text("""
WITH live AS (
    SELECT id, state = 'running' AS ran, cancel_requested_at IS NOT NULL AS cancels,
        worker_id, started_at
    FROM jobs WHERE state IN ('queued', 'running')
    ORDER BY id FOR UPDATE
),
changed AS (
    UPDATE jobs SET
        state = CASE WHEN live.cancels THEN 'cancelled' ELSE 'queued' END,
        error = CASE WHEN live.cancels THEN :cancelled ELSE jobs.error END,
        finished_at = CASE WHEN live.cancels THEN now() END,
        dispatch = greatest(
            jobs.dispatch + 1,
            extract(epoch FROM now() - timestamptz '2020-01-01 00:00:00+00')::integer
        ),
        queued_at = greatest(jobs.queued_at, now()),
        turn = CASE WHEN live.ran THEN NULL ELSE jobs.turn END,
        started_at = CASE WHEN live.cancels THEN jobs.started_at END,
        published_at = NULL,
        worker_id = NULL,
        lease_until = NULL
    FROM live WHERE jobs.id = live.id
    RETURNING jobs.id, jobs.attempt, jobs.trace_carrier, live.ran, live.cancels, live.worker_id,
        live.started_at
),
written AS (
    INSERT INTO job_attempts (job_id, number, outcome, worker_id, stages, trace_id, started_at)
    SELECT id, attempt, CASE WHEN cancels THEN 'cancelled' ELSE 'released' END, worker_id,
        '[]'::jsonb, split_part(trace_carrier->>'traceparent', '-', 2), started_at
    FROM changed WHERE ran
)
SELECT
    count(*) FILTER (WHERE NOT ran AND NOT cancels) AS waiting,
    count(*) FILTER (WHERE ran AND NOT cancels) AS running,
    count(*) FILTER (WHERE cancels) AS cancelled
FROM changed
""").bindparams(bindparam("cancelled", type_=JSONB))


async def queue_anew(session: AsyncSession) -> QueuedAnew:
    """Queue every live job under a dispatch that nothing has ever named, for the outbox to send.

    A job that ran is queued again with its attempt recorded as released, or is cancelled if that
    was asked for. Whatever a worker of before still brings is refused.
    """
    row = (await session.execute(_QUEUE_ANEW, {"cancelled": as_json(Cancelled())})).one()
    return QueuedAnew(waiting=row.waiting, running=row.running, cancelled=row.cancelled)
