"""Fills a database with jobs, as many as a service has after weeks, by SQL alone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

import asyncpg

# Half of the jobs are this tenant's, and three in ten are of nine more. A thousand others share
# the rest.
LARGEST = "tenant-0"
# The jobs lie evenly in the time for which they are kept by default.
_DAYS = 30
# So many jobs wait, half of them in each queue, however many jobs there are; and so many run.
_QUEUED, _RUNNING = 200, 8

# Job `n` was created before job `n + 1`, and the newest are live. Four in a hundred failed, in forty
# ways, and one was cancelled. The largest tenant has asked for embeddings only at the very
# beginning. Arguments: how many jobs, how many of them are live, how many run, and the days in
# which they were created.
_JOBS = """
INSERT INTO jobs (
    id, tenant_id, user_id, request_id, feature, queue, payload, trace_carrier,
    idempotency_key, content_key, request_hash, state, attempt, worker_id, lease_until,
    output, error, model_id, model_version,
    created_at, queued_at, published_at, started_at, finished_at
)
SELECT
    gen_random_uuid(),
    CASE
        WHEN n % 10 < 5 THEN 'tenant-0'
        WHEN n % 10 < 8 THEN 'tenant-' || 1 + n / 10 % 9
        ELSE 'tenant-' || 10 + n / 10 % 1000
    END,
    'user-' || n % 1000,
    'request-' || n,
    feature,
    CASE feature WHEN 'receipt_extraction' THEN 'receipts' ELSE 'items' END,
    json_build_object('item_name', 'Item ' || n, 'candidate_labels', json_build_array(
        'Dairy', 'Bakery', 'Produce', 'Meat', 'Frozen', 'Beverages', 'Household', 'Other'
    )),
    jsonb_build_object('traceparent', '00-' || md5(n::text) || '-b7ad6b7169203331-01'),
    CASE n % 2 WHEN 0 THEN 'key-' || n END,
    CASE n % 2 WHEN 1 THEN md5(n::text) END,
    md5(n::text),
    state,
    CASE state WHEN 'queued' THEN 0 ELSE 1 END,
    CASE state WHEN 'running' THEN 'host:1:seed' END,
    CASE state WHEN 'running' THEN now() + interval '1 day' END,
    CASE state WHEN 'succeeded' THEN json_build_object(
        'category', 'Dairy', 'confidence', 0.93, 'confidence_level', 'high',
        'all_scores', json_build_object('Dairy', 0.93, 'Bakery', 0.04, 'Produce', 0.03)
    ) END,
    CASE state
        WHEN 'failed' THEN jsonb_build_object(
            'code', 'code-' || n % 40, 'detail', 'Late.', 'retryable', true,
            'error_class', (ARRAY['timeout', 'transient', 'bug', 'crashed'])[1 + n % 4]
        )
        WHEN 'cancelled' THEN jsonb_build_object(
            'code', 'cancelled', 'detail', '', 'retryable', false, 'error_class', 'cancelled'
        )
    END,
    CASE state WHEN 'succeeded' THEN 'embedding' END,
    CASE state WHEN 'succeeded' THEN '1' END,
    created, created, created,
    CASE WHEN state <> 'queued' THEN created + interval '1 second' END,
    CASE WHEN state NOT IN ('queued', 'running') THEN created + interval '2 seconds' END
FROM (
    SELECT
        n,
        now() - make_interval(secs => ($1 - n) * 86400.0 * $4 / $1) AS created,
        (ARRAY[
            'receipt_extraction', 'categorization', 'categorization_batch', 'embedding'
        ])[1 + n / 10 % CASE WHEN n % 10 < 5 AND n > $1 / 500 THEN 3 ELSE 4 END] AS feature,
        CASE
            WHEN n > $1 - $3 THEN 'running'
            WHEN n > $1 - $2 THEN 'queued'
            WHEN abs(hashint4(n::integer)) % 100 < 95 THEN 'succeeded'
            WHEN abs(hashint4(n::integer)) % 100 < 99 THEN 'failed'
            ELSE 'cancelled'
        END AS state
    FROM generate_series(1, $1) AS n
) AS numbered
"""
_ATTEMPTS = """
INSERT INTO job_attempts (
    job_id, number, outcome, worker_id, error, stages, trace_id, started_at, finished_at
)
SELECT
    id, 1, state, 'host:1:seed', error,
    '[{"name": "load", "start_ms": 0, "duration_ms": 1, "attributes": {}}]',
    '0af7651916cd43dd8448eb211c80319c', started_at, finished_at
FROM jobs WHERE finished_at IS NOT NULL
"""
# The trigger gives failures their fingerprints, but not while `fill` inserts them.
_FINGERPRINTS = """
UPDATE jobs SET fingerprint = failure_fingerprint(error) WHERE state = 'failed'
"""
# One job in a hundred has a callback.
_CALLBACKS = """
INSERT INTO job_callbacks (job_id, url, host, events, include_output)
SELECT id, 'https://app.example.com/hook', 'app.example.com',
    ARRAY['job.succeeded', 'job.failed', 'job.cancelled'], true
FROM jobs WHERE finished_at IS NOT NULL AND right(request_id, 2) = '42'
"""
_DELIVERIES = """
INSERT INTO callback_deliveries (
    callback_id, event, host, finished_at, state, attempts, last_status, delivered_at
)
SELECT callback.id, 'job.' || job.state, callback.host, job.finished_at, 'delivered', 1, 200, now()
FROM job_callbacks AS callback JOIN jobs AS job ON job.id = callback.job_id
"""
# Many jobs get their indexes at the end, which is faster than adding every row to them.
_MANY = 100_000
_INDEXES = """
SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
FROM pg_index
WHERE indrelid = 'jobs'::regclass AND NOT indisprimary
"""


async def fill(url: str, count: int) -> None:
    """Insert `count` jobs (at least 300) with their attempts, and have Postgres analyse them.

    The tables have to be empty, and the role needs the rights of a superuser. A million jobs take
    less than a minute and 1.3 GB.
    """
    connection = await asyncpg.connect(url)
    try:
        # Without the checks of foreign keys and the trigger of callbacks.
        await connection.execute("SET session_replication_role = replica")
        await connection.execute("SET maintenance_work_mem = '256MB'")
        async with _indexed_later(connection) if count >= _MANY else nullcontext():
            await connection.execute(_JOBS, count, _QUEUED + _RUNNING, _RUNNING, _DAYS)
            await connection.execute(_FINGERPRINTS)
        for statement in (_ATTEMPTS, _CALLBACKS, _DELIVERIES):
            await connection.execute(statement)
        await connection.execute("VACUUM (ANALYZE)")
    finally:
        await connection.close()


@asynccontextmanager
async def _indexed_later(connection: asyncpg.Connection) -> AsyncIterator[None]:
    indexes = await connection.fetch(_INDEXES)
    for index in indexes:
        await connection.execute(f"DROP INDEX {index['name']}")
    try:
        yield
    finally:
        for index in indexes:
            await connection.execute(index["definition"])
