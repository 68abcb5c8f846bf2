"""The claim: queued → running, for many jobs in one statement.

Its commit does not wait for the disk. If Postgres crashes before it is flushed, the job is queued
again, and the fence refuses whatever the lost claim still leads to: see decision 0022.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from shared.contracts.features import Feature, Queue
from shared.errors import ErrorClass
from shared.store.images.reference import ImageReference, reference_of
from shared.store.postgres.statements import Fetch, Row, Statement
from shared.store.publication import MessageKey
from shared.store.retry_policy import BUDGETS
from shared.telemetry.trace_context import Carrier

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The right of a worker to run one job, and what it needs to know of the job.

    The claim holds while the lease lives and the row still has `dispatch` and `started_at`.
    `attempt` counts from 1. `spent` counts the attempts that ended in each error class that has a
    budget. `image` is that of a receipt, None for other features. If it is in an object store, the
    claim has the `reference` instead.
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
    reference: ImageReference | None = None


@dataclass(frozen=True)
class Claims:
    """What became of jobs that were asked for.

    `made` are the claims. The rows of the `locked` jobs are in the hands of another session, and
    they have to be asked for again. All others wait for no worker under the given dispatch.
    """

    made: Sequence[Claim]
    locked: frozenset[MessageKey] = frozenset()


# A job that this worker runs is claimed again only if it says that the answer to its first claim
# may have been lost. No message that comes again may do so.
_ASKED = """
WITH asked AS (
    SELECT * FROM unnest($1::uuid[], $2::int[], $3::bool[]) AS asked (id, dispatch, again)
)"""
_CLAIMABLE = """jobs.id = asked.id AND jobs.dispatch = asked.dispatch
        AND jobs.feature = ANY ($4::text[])
        AND (jobs.state = 'queued'
            OR (asked.again AND jobs.state = 'running' AND jobs.worker_id = $5))"""
# A row that another session has locked is skipped, or it would hold up the whole queue. The setting
# is local to the statement's own transaction, and it is evaluated with every claimed row.
_CLAIM = f"""{_ASKED},
free AS (
    SELECT asked.* FROM jobs JOIN asked ON {_CLAIMABLE}
    ORDER BY jobs.id FOR NO KEY UPDATE OF jobs SKIP LOCKED
),
claimed AS (
    UPDATE jobs SET
        state = 'running',
        worker_id = $5,
        lease_until = now() + make_interval(secs => $6),
        started_at = CASE WHEN jobs.state = 'queued' THEN now() ELSE jobs.started_at END,
        attempt = jobs.attempt + CASE WHEN jobs.state = 'queued' THEN 1 ELSE 0 END
    FROM free AS asked
    WHERE {_CLAIMABLE}
    RETURNING
        jobs.id, jobs.dispatch, jobs.attempt, jobs.tenant_id, jobs.request_id, jobs.feature,
        jobs.payload, jobs.trace_carrier, jobs.created_at, jobs.queued_at, jobs.started_at,
        jobs.spent_transient, jobs.spent_timeout, jobs.spent_crashed, jobs.spent_bug,
        jobs.queue, jobs.band, jobs.turn,
        set_config('synchronous_commit', 'off', true) AS unflushed
),
reached AS (
    SELECT queue, band, max(turn) AS turn FROM claimed WHERE turn IS NOT NULL GROUP BY queue, band
),
passed AS (
    SELECT reached.* FROM reached_turns JOIN reached USING (queue, band)
    WHERE reached_turns.turn < reached.turn
    ORDER BY queue, band FOR NO KEY UPDATE OF reached_turns SKIP LOCKED
),
advanced AS (
    UPDATE reached_turns SET turn = passed.turn FROM passed
    WHERE reached_turns.queue = passed.queue AND reached_turns.band = passed.band
        AND reached_turns.turn < passed.turn
)
"""  # noqa: S608 (constants only)
_WITHOUT_IMAGES = """
SELECT claimed.*, NULL AS image, NULL AS object_url, NULL AS object_size FROM claimed
"""
_WITH_IMAGES = """
SELECT claimed.*, job_images.content AS image, object_url, object_size
FROM claimed LEFT JOIN job_images ON job_images.job_id = claimed.id
"""
_STATEMENTS = {
    Queue.ITEMS: Statement("jobs.claim", "update", _CLAIM + _WITHOUT_IMAGES, once=True),
    Queue.RECEIPTS: Statement("jobs.claim_receipts", "update", _CLAIM + _WITH_IMAGES, once=True),
}
# Those that were not claimed though they could be: their rows were locked.
_LOOK = Statement(
    "jobs.look_claimable",
    "select",
    f"{_ASKED} SELECT jobs.id, jobs.dispatch FROM jobs JOIN asked ON {_CLAIMABLE}",  # noqa: S608 (constants only)
)


async def claim(
    fetch: Fetch,
    queue: Queue,
    keys: Sequence[MessageKey],
    worker_id: str,
    lease: float,
    again: Collection[MessageKey] = (),
) -> Claims:
    """Claim those of the jobs of a queue that wait under the given dispatch, for `lease` seconds.

    `again` names those whose earlier claim by this worker may have been made though its answer was
    lost; such a claim is found again. A job of a feature that this version does not know counts as
    one that does not wait. If Postgres refuses the content of a key or a row, each is claimed by
    itself, and what it refuses then does not wait either. Raises DatabaseUnavailable, after which
    all keys belong to `again`.
    """
    try:
        return await _claim_all(fetch, queue, keys, worker_id, lease, again)
    except asyncpg.DataError as error:
        if len(keys) == 1:
            log.error("claim.refused", job_id=str(keys[0][0]), reason=type(error).__name__)  # noqa: TRY400
            return Claims([])
    each = [await claim(fetch, queue, [key], worker_id, lease, again) for key in keys]
    return Claims(
        [made for claims in each for made in claims.made],
        frozenset(key for claims in each for key in claims.locked),
    )


async def _claim_all(
    fetch: Fetch,
    queue: Queue,
    keys: Sequence[MessageKey],
    worker_id: str,
    lease: float,
    again: Collection[MessageKey],
) -> Claims:
    by_whom = [feature.value for feature in Feature if feature.queue is queue], worker_id
    rows = await fetch(_STATEMENTS[queue], *_asked(keys, again), *by_whom, lease)
    claims = {(row["id"], row["dispatch"]): _claim(row, worker_id) for row in rows}
    absent = [key for key in keys if key not in claims]
    locked = await fetch(_LOOK, *_asked(absent, again), *by_whom) if absent else []
    return Claims([*claims.values()], frozenset((row["id"], row["dispatch"]) for row in locked))


def _asked(
    keys: Sequence[MessageKey], again: Collection[MessageKey]
) -> tuple[list[UUID], list[int], list[bool]]:
    """Return the columns of `asked`."""
    ids, dispatches = [job_id for job_id, _ in keys], [dispatch for _, dispatch in keys]
    return ids, dispatches, [key in again for key in keys]


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
        reference=reference_of(row),
    )
