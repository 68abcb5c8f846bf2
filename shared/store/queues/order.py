"""The order in a queue: a band, and in the band a turn, which each tenant has one of at a time.

This is start-time fair queueing. A tenant's jobs get consecutive turns, so that tenants alternate;
the first of a tenant that waits for nothing gets the turn that workers have come to, so that it
waits for the jobs that run and for one of each other tenant. See decision 0028.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.features import Queue
from shared.contracts.jobs import JobStatus
from shared.store import publication
from shared.store.publication import MessageKey

# The band of a row of jobs, as SQL: the only place that knows which priorities are in which band.
BAND = "(CASE WHEN priority < 1 THEN 0 WHEN priority < 5 THEN 1 ELSE 2 END)::smallint"
# The columns that number the jobs of each tenant from 1, and count them, by the given order.
NUMBERED = """
    row_number() OVER (PARTITION BY queue, band, tenant_id ORDER BY {}) AS number,
    count(*) OVER (PARTITION BY queue, band, tenant_id) AS jobs"""
# Gives turns to the rows of `placed`, which has NUMBERED; a row's turn is TURN. Every statement
# locks the counters in the same order, and before it writes any key of a job, so that none waits
# for another that waits for it. A table that was emptied counts as one that was just made.
GIVEN = """
given AS (
    INSERT INTO tenant_turns AS last (queue, band, tenant_id, turn)
    SELECT queue, band, tenant_id, jobs - 1 + coalesce(
        reached_turns.turn, extract(epoch FROM now() - interval '12 hours')::bigint * 1000
    )
    FROM placed LEFT JOIN reached_turns USING (queue, band)
    WHERE number = 1
    ORDER BY queue, band, tenant_id
    ON CONFLICT (queue, band, tenant_id) DO UPDATE SET turn = greatest(excluded.turn, last.turn + (
        SELECT jobs FROM placed WHERE number = 1 AND placed.queue = excluded.queue
            AND placed.band = excluded.band AND placed.tenant_id = excluded.tenant_id
    ))
    RETURNING queue, band, tenant_id, turn AS latest
)"""
TURN = "given.latest - placed.jobs + placed.number"

_OWN_BAND = f"coalesce(band, {BAND})"
_TAKE_TURNS = text(
    f"""
WITH waiting AS (
    SELECT id, queue, tenant_id, turn, queued_at, coalesce(CAST(:band AS smallint), {BAND}) AS band
    FROM jobs WHERE id = ANY (:ids) AND state = ANY (:states)
),
placed AS MATERIALIZED (
    SELECT id, queue, band, tenant_id, {NUMBERED.format("turn NULLS FIRST, queued_at, id")}
    FROM waiting
),
{GIVEN}
UPDATE jobs SET band = placed.band, turn = {TURN}
FROM placed JOIN given USING (queue, band, tenant_id)
WHERE jobs.id = placed.id
"""  # noqa: S608 (constants only)
)
_WITHOUT_TURNS = text("""
SELECT id FROM jobs
WHERE state = 'queued' AND published_at IS NULL AND queued_at <= now() AND turn IS NULL
ORDER BY queued_at, id
LIMIT :limit
FOR NO KEY UPDATE SKIP LOCKED
""")
# Bands wait above others only by jobs that were asked for with such a priority. As long as one that
# was lifted still waits, no further ones are, whether Redis is there or not: so few never hold up
# those of a third tenant.
_LONG_HELD_BACK = text(
    f"""
WITH waiting AS MATERIALIZED (
    SELECT id, dispatch, turn, queued_at, {BAND} AS asked, {_OWN_BAND} AS band
    FROM jobs WHERE queue = :queue AND state = 'queued' AND queued_at <= now()
),
top AS (SELECT max(band) AS band FROM waiting WHERE band = asked)
SELECT jobs.id, jobs.dispatch, top.band
FROM jobs JOIN waiting USING (id) CROSS JOIN top
WHERE waiting.band < top.band
    AND waiting.queued_at < now() - make_interval(secs => CAST(:hold AS float8))
    AND NOT EXISTS (SELECT FROM waiting AS lifted WHERE lifted.band > lifted.asked)
    AND jobs.state = 'queued'
ORDER BY waiting.band, waiting.turn NULLS FIRST, waiting.queued_at
LIMIT :limit
FOR NO KEY UPDATE OF jobs SKIP LOCKED
"""  # noqa: S608 (constants only)
)
# The counter of a tenant whose jobs have all had their turn says nothing that `reached_turns` does
# not. One that is locked is in use.
_PRUNE = text("""
WITH passed AS (
    SELECT queue, band, tenant_id FROM tenant_turns JOIN reached_turns USING (queue, band)
    WHERE tenant_turns.turn < reached_turns.turn
    ORDER BY queue, band, tenant_id
    LIMIT :limit FOR UPDATE OF tenant_turns SKIP LOCKED
)
DELETE FROM tenant_turns USING passed
WHERE tenant_turns.queue = passed.queue AND tenant_turns.band = passed.band
    AND tenant_turns.tenant_id = passed.tenant_id
RETURNING tenant_turns.tenant_id
""")


async def take_turns(
    session: AsyncSession,
    job_ids: Collection[UUID],
    states: Sequence[JobStatus],
    *,
    band: int | None = None,
) -> None:
    """Give the latest turns to those of the jobs that are in one of these states.

    They keep their order. Their band is the given one, or else that of their priority. The caller
    may have locked their rows before, but not changed them: see GIVEN.
    """
    values = {"ids": list(job_ids), "states": [state.value for state in states], "band": band}
    await session.execute(_TAKE_TURNS, values)


async def give_turns(session: AsyncSession, limit: int) -> None:
    """Give turns to up to `limit` due jobs of the outbox that have none, as newcomers get them.

    Jobs lose their turn whenever they are queued again: kept turns have passed already, and many
    such jobs would all go before those that others post meanwhile.
    """
    ids = (await session.scalars(_WITHOUT_TURNS, {"limit": limit})).all()
    if ids:
        await take_turns(session, ids, [JobStatus.QUEUED])


async def lift(session: AsyncSession, queue: Queue, hold: float, limit: int) -> int:
    """Move up to `limit` jobs that higher bands have held back for `hold` seconds; return how many.

    They go to the highest band in which jobs wait, and there get turns like newcomers. Their
    messages are sent again, with the new place.
    """
    values = {"queue": queue.value, "hold": hold, "limit": limit}
    rows = (await session.execute(_LONG_HELD_BACK, values)).all()
    if rows:
        keys: list[MessageKey] = [(row.id, row.dispatch) for row in rows]
        await take_turns(
            session, [job_id for job_id, _ in keys], [JobStatus.QUEUED], band=rows[0].band
        )
        await publication.send_again(session, keys)
    return len(rows)


async def prune_turns(session: AsyncSession, limit: int) -> int:
    """Delete up to `limit` counters of tenants whose jobs have all had their turn.

    Returns how many they were.
    """
    return len((await session.scalars(_PRUNE, {"limit": limit})).all())
