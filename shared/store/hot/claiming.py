"""The claim: queued → running, for many jobs in one statement.

Its commit does not wait for the disk. If Postgres crashes before it is flushed, the job is queued
again, and the fence refuses whatever the lost claim still leads to: see decision 0022.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.contracts.features import Feature, Queue
from shared.errors import ErrorClass
from shared.store.postgres.direct import Fetch, Row, Statement
from shared.store.publication import MessageKey
from shared.store.retry_policy import BUDGETS
from shared.telemetry.trace_context import Carrier


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The right of a worker to run one job, and what it needs to know of the job.

    The claim holds while the lease lives and the row still has `dispatch` and `started_at`.
    `attempt` counts from 1. `spent` counts the attempts that ended in each error class that has a
    budget. `image` is that of a receipt, None for other features.
    """

    job_id: UUID
    dispatch: int
    worker_id: str
    attempt: int
    tenant_id: str
    request_id: str | None
    feature: Feature
    payload: dict[str, Any]
    trace_carrier: Carrier
    created_at: datetime
    queued_at: datetime
    started_at: datetime
    spent: Mapping[ErrorClass, int]
    image: bytes | None = None


# A claim whose answer was lost is found again: it is the worker's, under the same dispatch. The
# setting is local to the statement's own transaction, and it is evaluated with every claimed row.
_CLAIM = """
WITH asked AS (
    SELECT * FROM unnest($1::uuid[], $2::int[]) AS asked (id, dispatch)
),
claimed AS (
    UPDATE jobs SET
        state = 'running',
        worker_id = $3,
        lease_until = now() + make_interval(secs => $4),
        started_at = CASE WHEN jobs.state = 'queued' THEN now() ELSE jobs.started_at END,
        attempt = jobs.attempt + CASE WHEN jobs.state = 'queued' THEN 1 ELSE 0 END
    FROM asked
    WHERE jobs.id = asked.id AND jobs.dispatch = asked.dispatch AND jobs.feature = ANY ($5::text[])
        AND (jobs.state = 'queued' OR (jobs.state = 'running' AND jobs.worker_id = $3))
    RETURNING
        jobs.id, jobs.dispatch, jobs.attempt, jobs.tenant_id, jobs.request_id, jobs.feature,
        jobs.payload, jobs.trace_carrier, jobs.created_at, jobs.queued_at, jobs.started_at,
        jobs.spent_transient, jobs.spent_timeout, jobs.spent_crashed, jobs.spent_bug,
        set_config('synchronous_commit', 'off', true) AS unflushed
)
"""
_WITHOUT_IMAGES = "SELECT claimed.*, NULL AS image FROM claimed"
_WITH_IMAGES = """
SELECT claimed.*, job_images.content AS image
FROM claimed LEFT JOIN job_images ON job_images.job_id = claimed.id
"""
_STATEMENTS = {
    Queue.ITEMS: Statement("jobs.claim", "update", _CLAIM + _WITHOUT_IMAGES),
    Queue.RECEIPTS: Statement("jobs.claim_receipts", "update", _CLAIM + _WITH_IMAGES),
}


async def claim(
    fetch: Fetch, queue: Queue, keys: Sequence[MessageKey], worker_id: str, lease: float
) -> list[Claim]:
    """Claim those of the jobs of a queue that wait under the given dispatch, for `lease` seconds.

    Jobs of features that this version does not know are left to a newer worker. A job that the
    worker holds already counts as claimed, so do not pass one that it is running. Raises
    DatabaseUnavailable.
    """
    rows = await fetch(
        _STATEMENTS[queue],
        [job_id for job_id, _ in keys],
        [dispatch for _, dispatch in keys],
        worker_id,
        lease,
        [feature.value for feature in Feature if feature.queue is queue],
    )
    return [_claim(row, worker_id) for row in rows]


def _claim(row: Row, worker_id: str) -> Claim:
    return Claim(
        job_id=row["id"],
        dispatch=row["dispatch"],
        worker_id=worker_id,
        attempt=row["attempt"],
        tenant_id=row["tenant_id"],
        request_id=row["request_id"],
        feature=Feature(row["feature"]),
        payload=json.loads(row["payload"]),
        trace_carrier=json.loads(row["trace_carrier"]),
        created_at=row["created_at"],
        queued_at=row["queued_at"],
        started_at=row["started_at"],
        spent={error_class: row[f"spent_{error_class}"] for error_class in BUDGETS},
        image=row["image"],
    )
