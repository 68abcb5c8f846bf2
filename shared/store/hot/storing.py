"""The transitions that end attempts, for many jobs in one statement and one flushed commit.

    running → succeeded, failed, cancelled
    running → queued               retried, put_back (a new dispatch, due later)
    running → queued               released (shutdown; same dispatch, the same message comes again)

A job that would be queued is cancelled instead if that was asked for meanwhile.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from shared.contracts.jobs import JobError, JobStatus
from shared.contracts.outcomes import AttemptOutcome
from shared.errors import Cancelled
from shared.store.hot.claiming import Claim
from shared.store.postgres.statements import Fetch, Row, Statement
from shared.store.retry_policy import BUDGETS


@dataclass(frozen=True, kw_only=True)
class AttemptRecord:
    """What the history keeps of an attempt beside its outcome."""

    stages: list[dict[str, Any]]
    trace_id: str | None


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How the attempt of a claim ends, and what becomes of its job.

    `outcome` is any but `crashed` and `dropped`. `output` is the result as JSON text, for
    `succeeded` only. `error` is why the attempt failed, was retried or put back, and `delay` is
    after how many seconds the job runs again.
    """

    claim: Claim
    record: AttemptRecord
    outcome: AttemptOutcome
    output: str | None = None
    model_id: str | None = None
    model_version: str | None = None
    error: JobError | None = None
    delay: float = 0


@dataclass(frozen=True)
class Unstorable:
    """Postgres refuses an ending for another reason than that it cannot store any now.

    `reason` is the name of the driver's error. Its text may show what is in the result.
    """

    reason: str


@dataclass(frozen=True)
class Locked:
    """Another session has the row locked, so nothing was stored or refused yet."""


# What became of the claim: the new state of the job, None if the claim no longer held, Unstorable
# if Postgres refuses the content, and Locked if it has to be stored again.
Stored = JobStatus | None | Unstorable | Locked

_SPENT = ",\n        ".join(
    f"spent_{name} = jobs.spent_{name} + CASE WHEN given.spent = '{name}' THEN 1 ELSE 0 END"
    for name in BUDGETS
)
_REQUEUES = "given.outcome IN ('retried', 'put_back', 'released')"
_QUEUED = f"({_REQUEUES} AND jobs.cancel_requested_at IS NULL)"
_REDISPATCHED = f"({_QUEUED} AND given.outcome <> 'released')"
_RECORDED = "CASE {}.outcome WHEN 'retried' THEN 'failed' ELSE {}.outcome END"

_FENCE = """jobs.id = given.id AND jobs.state = 'running' AND jobs.dispatch = given.dispatch
        AND jobs.worker_id = $1 AND jobs.started_at = given.claimed_at"""

# A row that another session has locked is skipped, or it would hold up all others. The rows are
# locked in the order of their ids, as the heartbeat does, so that neither waits for the other.
_STORE = Statement(
    "jobs.store",
    "update",
    f"""
WITH given AS (
    SELECT * FROM unnest(
        $3::uuid[], $4::int[], $5::timestamptz[], $6::int[], $7::text[], $8::text[], $9::text[],
        $10::text[], $11::text[], $12::text[], $13::float8[], $14::text[], $15::text[]
    ) AS given (
        id, dispatch, claimed_at, attempt, outcome, output, model_id,
        model_version, error, spent, delay, stages, trace_id
    )
),
locked AS (
    SELECT given.* FROM jobs JOIN given ON {_FENCE}
    ORDER BY jobs.id FOR NO KEY UPDATE OF jobs SKIP LOCKED
),
changed AS (
    UPDATE jobs SET
        state = CASE
            WHEN {_QUEUED} THEN 'queued' WHEN {_REQUEUES} THEN 'cancelled' ELSE given.outcome
        END,
        worker_id = NULL,
        lease_until = NULL,
        finished_at = CASE WHEN {_QUEUED} THEN jobs.finished_at ELSE now() END,
        started_at = CASE WHEN {_QUEUED} THEN NULL ELSE jobs.started_at END,
        dispatch = jobs.dispatch + CASE WHEN {_REDISPATCHED} THEN 1 ELSE 0 END,
        queued_at = CASE
            WHEN {_REDISPATCHED} THEN now() + make_interval(secs => given.delay)
            ELSE jobs.queued_at
        END,
        published_at = CASE WHEN {_REDISPATCHED} THEN NULL ELSE jobs.published_at END,
        turn = CASE WHEN {_REDISPATCHED} THEN NULL ELSE jobs.turn END,
        attempt = jobs.attempt - CASE WHEN given.outcome = 'put_back' THEN 1 ELSE 0 END,
        output = CASE WHEN given.outcome = 'succeeded' THEN given.output::json ELSE jobs.output END,
        model_id = coalesce(given.model_id, jobs.model_id),
        model_version = coalesce(given.model_version, jobs.model_version),
        error = CASE
            WHEN given.outcome = 'succeeded' THEN NULL
            WHEN given.outcome = 'failed' THEN given.error::jsonb
            WHEN NOT {_QUEUED} THEN $2::text::jsonb
            WHEN given.outcome = 'put_back' THEN given.error::jsonb
            ELSE jobs.error
        END,
        {_SPENT}
    FROM locked AS given
    WHERE {_FENCE}
    RETURNING
        jobs.id, jobs.state, jobs.attempt, given.outcome, given.error, given.stages,
        given.trace_id, given.claimed_at
),
written AS (
    INSERT INTO job_attempts
        (job_id, number, outcome, worker_id, error, stages, trace_id, started_at)
    SELECT
        id, attempt, {_RECORDED.format("changed", "changed")}, $1,
        error::jsonb, stages::jsonb, trace_id, claimed_at
    FROM changed
    WHERE outcome <> 'put_back'
)
SELECT id, claimed_at, state FROM changed
""",  # noqa: S608 (constants only)
    proves_writes=True,
)
# For those that were not stored: which claims still hold, so that their rows were locked, and which
# endings an earlier try had stored before its answer was lost. The attempts of the latter are in
# the history, as this worker recorded them. One that was put back leaves no record.
_LOOK = Statement(
    "jobs.look_stored",
    "select",
    f"""
WITH given AS (
    SELECT * FROM unnest($2::uuid[], $3::int[], $4::timestamptz[], $5::int[], $6::text[])
        AS given (id, dispatch, claimed_at, attempt, outcome)
)
SELECT given.id, given.claimed_at, NULL AS state FROM given JOIN jobs ON {_FENCE}
UNION ALL
SELECT given.id, given.claimed_at, CASE
    WHEN NOT {_REQUEUES} THEN given.outcome
    WHEN jobs.state = 'cancelled' THEN 'cancelled' ELSE 'queued'
END
FROM given
JOIN job_attempts AS earlier ON earlier.job_id = given.id AND earlier.number = given.attempt
    AND earlier.worker_id = $1 AND earlier.started_at = given.claimed_at
    AND earlier.outcome = {_RECORDED.format("given", "given")}
JOIN jobs ON jobs.id = given.id
""",  # noqa: S608 (constants only)
)
_CANCELLED = JobError.of(Cancelled()).model_dump_json()


async def store(fetch: Fetch, worker_id: str, endings: Sequence[Ending]) -> list[Stored]:
    """Store how attempts of this worker ended; return what became of each, in the same order.

    If Postgres refuses one of them, each is stored by itself, so that it spoils no other. An
    ending may be stored again if the answer was lost. Raises DatabaseUnavailable and SchemaBehind.
    """
    try:
        return await _store_all(fetch, worker_id, endings)
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        if len(endings) == 1:
            return [Unstorable(type(error).__name__)]
    return [(await store(fetch, worker_id, [ending]))[0] for ending in endings]


async def _store_all(fetch: Fetch, worker_id: str, endings: Sequence[Ending]) -> list[Stored]:
    rows = await fetch(_STORE, worker_id, _CANCELLED, *_columns(map(_row, endings)))
    stored: dict[tuple[UUID, datetime], Stored] = _stored(rows)
    if absent := [ending for ending in endings if _key(ending) not in stored]:
        stored |= _stored(await fetch(_LOOK, worker_id, *_columns(map(_fence, absent))))
    return [stored.get(_key(ending)) for ending in endings]


def _key(ending: Ending) -> tuple[UUID, datetime]:
    return ending.claim.job_id, ending.claim.started_at


def _stored(rows: Iterable[Row]) -> dict[tuple[UUID, datetime], Stored]:
    return {
        (row["id"], row["claimed_at"]): JobStatus(row["state"]) if row["state"] else Locked()
        for row in rows
    }


def _columns(rows: Iterable[tuple[Any, ...]]) -> list[list[Any]]:
    """Return one list for each column of `given`."""
    return [list(column) for column in zip(*rows, strict=True)]


def _fence(ending: Ending) -> tuple[Any, ...]:
    claim = ending.claim
    return claim.job_id, claim.dispatch, claim.started_at, claim.attempt, ending.outcome.value


def _row(ending: Ending) -> tuple[Any, ...]:
    error = ending.error
    counts = error is not None and ending.outcome is not AttemptOutcome.PUT_BACK
    return (
        *_fence(ending),
        ending.output,
        ending.model_id,
        ending.model_version,
        error and error.model_dump_json(),
        error.error_class.value if error and counts and error.error_class in BUDGETS else None,
        ending.delay,
        json.dumps(ending.record.stages),
        ending.record.trace_id,
    )
