"""The text of the statements that accept jobs, which is made of constants only."""

# ruff: noqa: S608

from shared.contracts.jobs import JobStatus
from shared.store.postgres.statements import Statement
from shared.store.queues import order

# For how long after its end a job's result is returned for the same content; an SQL interval.
REUSE = "1 hour"

_LIVE = f"state IN ('{JobStatus.QUEUED}', '{JobStatus.RUNNING}')"
_REUSABLE = f"state = '{JobStatus.SUCCEEDED}' AND finished_at > now() - interval '{REUSE}'"
_KNOWN = "jobs.id, jobs.state, jobs.request_hash, jobs.created_at, jobs.band, jobs.turn"

# Each look-up is by an index. A failed or cancelled job is never found by its content.
_FOUND = f"""
found AS MATERIALIZED (
    SELECT asked.id AS asked_id, same.*
    FROM asked CROSS JOIN LATERAL (
        SELECT {_KNOWN} FROM jobs WHERE jobs.id = asked.id
        UNION ALL
        SELECT {_KNOWN} FROM jobs
        WHERE jobs.tenant_id = asked.tenant_id AND jobs.idempotency_key = asked.idempotency_key
        UNION ALL
        (SELECT {_KNOWN} FROM jobs
        WHERE jobs.tenant_id = asked.tenant_id AND jobs.content_key = asked.content_key
            AND ({_LIVE} OR {_REUSABLE})
        ORDER BY jobs.created_at DESC LIMIT 1)
        LIMIT 1
    ) AS same
)"""
_COLUMNS = (
    "id, tenant_id, user_id, request_id, feature, queue, priority, payload, idempotency_key, "
    "content_key, request_hash, trace_carrier"
)
_FRESH = """
    ceiling IS NOT NULL AND NOT EXISTS (SELECT FROM found WHERE found.asked_id = asked.id)"""
# Only new jobs are counted and admitted. Those with the lowest ceilings come first, or others would
# take the room that they have.
_ADMITTED = """
fresh AS MATERIALIZED (
    SELECT id, queue, ceiling,
        row_number() OVER (PARTITION BY queue ORDER BY ceiling, arrival) AS number
    FROM asked
    WHERE {fresh}
),
counted AS (
    INSERT INTO queue_admissions AS last (queue, admitted, before)
    SELECT queue, count(*) FILTER (WHERE number <= ceiling), 0 FROM fresh
    GROUP BY queue ORDER BY queue
    ON CONFLICT (queue) DO UPDATE SET before = last.admitted, admitted = last.admitted + (
        SELECT count(*) FROM fresh
        WHERE fresh.queue = excluded.queue AND last.admitted + fresh.number <= fresh.ceiling
    )
    RETURNING queue, before
),
admitted AS MATERIALIZED (
    SELECT fresh.id FROM fresh JOIN counted USING (queue)
    WHERE counted.before + fresh.number <= fresh.ceiling
)"""
# Admitted jobs take turns, in the order in which they were asked for.
_PLACED = f"""
admissible AS (
    SELECT id, tenant_id, queue, place, arrival, {order.BAND} AS band
    FROM asked JOIN admitted USING (id)
),
placed AS MATERIALIZED (
    SELECT id, tenant_id, queue, place, band, {order.NUMBERED.format("arrival")} FROM admissible
)"""
_VALUES = ", ".join(f"asked.{column}" for column in _COLUMNS.split(", "))
_INSERTED = f"""
inserted AS (
    INSERT INTO jobs ({_COLUMNS}, band, turn)
    SELECT {_VALUES.replace("payload", "payload::json").replace("carrier", "carrier::jsonb")},
        placed.band, {order.TURN}
    FROM placed JOIN asked USING (id) JOIN given
        ON given.queue = placed.queue AND given.band = placed.band
        AND given.tenant_id = placed.tenant_id
    ORDER BY placed.place
    ON CONFLICT DO NOTHING
    RETURNING id, state, request_hash, created_at, band, turn
)"""
# Whoever waits in vain for a synchronous standby has committed all the same, so a job can be found
# that the standby lacks. A read does not wait for it. The end of a transaction that has an entry in
# the journal does, and for all earlier entries too: so what is found is acknowledged no sooner than
# what is inserted.
_REPLICATED = """
(SELECT CASE WHEN current_setting('synchronous_standby_names') = '' THEN true
    ELSE pg_logical_emit_message(true, 'grocery-planner-ai', '') IS NOT NULL END)"""
# A row without a job is that of one that was neither found nor admitted.
_RESULT = f"""
SELECT asked_id, id, state, request_hash, created_at, band, turn FROM found WHERE {_REPLICATED}
UNION ALL
SELECT id, id, state, request_hash, created_at, band, turn FROM inserted
UNION ALL
SELECT id, NULL, NULL, NULL, NULL, NULL, NULL FROM asked
WHERE NOT EXISTS (SELECT FROM found WHERE found.asked_id = asked.id)
    AND NOT EXISTS (SELECT FROM admitted WHERE admitted.id = asked.id)"""
_CALLBACKS = """
callbacks AS (
    INSERT INTO job_callbacks (job_id, url, host, events, include_output)
    SELECT id, callback_url, callback_host, string_to_array(callback_events, ' '), include_output
    FROM inserted JOIN asked USING (id) WHERE callback_url IS NOT NULL
)"""
# Images come before the count, which is locked until the commit, because they take long. If the job
# of one is not inserted after all, the whole statement fails by the foreign key.
_IMAGES = f"""
images AS (
    INSERT INTO job_images (job_id, content)
    SELECT id, image FROM asked WHERE image IS NOT NULL AND {_FRESH}
    RETURNING job_id
)"""
# What is in an object store already takes no time.
_REFERENCES = """
images AS (
    INSERT INTO job_images (job_id, object_url, object_size)
    SELECT id, object_url, object_size
    FROM inserted JOIN asked USING (id) WHERE object_url IS NOT NULL
)"""
_TYPES = {
    "id": "uuid", "tenant_id": "text", "user_id": "text", "request_id": "text",
    "feature": "text", "queue": "text", "priority": "int", "payload": "text",
    "idempotency_key": "text", "content_key": "text", "request_hash": "text",
    "trace_carrier": "text", "place": "int", "ceiling": "bigint",
}  # fmt: skip
_CALLBACK_TYPES = {
    "callback_url": "text", "callback_host": "text", "callback_events": "text",
    "include_output": "bool",
}  # fmt: skip


def _accept(types: dict[str, str], *parts: str) -> Statement:
    """Return the statement whose arguments are one array of each type, as long as the others.

    The order of the arrays is that in which jobs are admitted and take turns, and `place` that of
    the insertion.
    """
    arrays = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(types.values(), 1))
    asked = f"""asked AS MATERIALIZED (
    SELECT * FROM unnest({arrays}) WITH ORDINALITY AS asked ({", ".join(types)}, arrival)
)"""
    sql = f"WITH {','.join([asked, _FOUND, *parts])}{_RESULT}"
    return Statement("jobs.accept", "insert", sql, proves_writes=True)


def _inserting(fresh: str) -> tuple[str, ...]:
    """Return the parts that admit, place and insert those of `asked` for which `fresh` holds."""
    return _ADMITTED.format(fresh=fresh), _PLACED, order.GIVEN, _INSERTED


ACCEPT = _accept(_TYPES, *_inserting(_FRESH))
ACCEPT_CALLBACKS = _accept({**_TYPES, **_CALLBACK_TYPES}, *_inserting(_FRESH), _CALLBACKS)
ACCEPT_IMAGES = _accept(
    {**_TYPES, **_CALLBACK_TYPES, "image": "bytea"},
    _IMAGES,
    *_inserting(f"{_FRESH} AND (SELECT count(*) FROM images) >= 0"),
    _CALLBACKS,
)
ACCEPT_REFERENCES = _accept(
    {**_TYPES, **_CALLBACK_TYPES, "object_url": "text", "object_size": "bigint"},
    *_inserting(_FRESH),
    _CALLBACKS,
    _REFERENCES,
)
