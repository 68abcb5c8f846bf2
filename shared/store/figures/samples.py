"""Samples of the figures of every queue, and who has jobs that wait and jobs that failed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.features import Queue
from shared.store.models import QueueSample
from shared.store.postgres.statements import Fetch, Statement
from shared.store.queue_stats import QueueStats

# Seconds between two samples. It is that of the statement.
SAMPLED_EVERY = 10.0
_KEPT = text("interval '1 day'")

# Every front stores them, and the first in each ten seconds wins.
_STORE = Statement(
    "samples.store",
    "insert",
    """
    INSERT INTO queue_samples (queue, at, depth, running, slots, finished, oldest_age, admitted)
    SELECT queue, date_bin('10 s', now(), 'epoch'),
        depth, running, slots, finished, oldest_age, admitted
    FROM unnest($1::text[], $2::int[], $3::int[], $4::int[], $5::int[], $6::float8[], $7::int8[])
        AS sampled (queue, depth, running, slots, finished, oldest_age, admitted)
    ON CONFLICT DO NOTHING
    """,
)
_RECENT = Statement(
    "samples.read",
    "select",
    """
    SELECT queue, extract(epoch FROM now() - at)::float8 AS age, depth, finished, admitted
    FROM queue_samples WHERE at > now() - make_interval(secs => $1) ORDER BY queue, at
    """,
)
_SHARES = Statement(
    "queues.shares",
    "select",
    """
    SELECT queue, tenant_id, waiting FROM (
        SELECT queue, tenant_id, count(*) AS waiting,
            row_number() OVER (PARTITION BY queue ORDER BY count(*) DESC, tenant_id) AS place
        FROM jobs
        WHERE state = 'queued' AND queued_at <= now()
            AND ($1::text[] IS NULL OR tenant_id = ANY ($1))
        GROUP BY queue, tenant_id
    ) AS placed WHERE place <= $2 ORDER BY queue, place
    """,
)
_FAILURES = Statement(
    "jobs.failures",
    "select",
    """
    SELECT queue,
        count(*) FILTER (WHERE failed AND recent) AS failed,
        count(*) FILTER (WHERE recent) AS finished_recently,
        count(*) FILTER (WHERE failed) AS dead, min(finished_at) FILTER (WHERE failed) AS since
    FROM jobs CROSS JOIN LATERAL (
        SELECT state = 'failed' AND error->>'error_class' <> 'bad_input' AS failed,
            finished_at > now() - interval '5 minutes' AS recent
    ) AS judged
    WHERE finished_at > now() - interval '15 minutes'
        AND ($1::text[] IS NULL OR tenant_id = ANY ($1))
    GROUP BY queue
    """,
)


@dataclass(frozen=True)
class Sample:
    """The figures of a queue some seconds ago, as in QueueStats."""

    age: float
    depth: int
    finished: int
    admitted: int


@dataclass(frozen=True)
class Share:
    """How many jobs of a tenant wait in a queue."""

    tenant_id: str
    waiting: int


@dataclass(frozen=True)
class RecentFailures:
    """How many jobs of a queue `failed` for good, and `finished` in whatever way, in five minutes.

    `dead` counts those that failed in the last quarter of an hour, the first of them at `since`.
    Jobs that failed because of their input do not count as failed.
    """

    finished: int = 0
    failed: int = 0
    dead: int = 0
    since: datetime | None = None


async def store_samples(fetch: Fetch, stats: Mapping[Queue, QueueStats]) -> None:
    """Store the figures of every queue, unless this was done in these ten seconds.

    Raises DatabaseUnavailable.
    """
    figures = list(stats.values())
    await fetch(
        _STORE,
        [queue.value for queue in stats],
        [each.depth for each in figures],
        [each.running for each in figures],
        [each.slots for each in figures],
        [each.finished for each in figures],
        [each.oldest_age for each in figures],
        [each.admitted for each in figures],
    )


async def recent_samples(fetch: Fetch, seconds: float) -> dict[Queue, Sequence[Sample]]:
    """Return the samples of the last seconds by queue, oldest first. Raises DatabaseUnavailable."""
    found: dict[Queue, list[Sample]] = {queue: [] for queue in Queue}
    for row in await fetch(_RECENT, seconds):
        if row["queue"] in found:
            sample = Sample(row["age"], row["depth"], row["finished"], row["admitted"])
            found[row["queue"]].append(sample)
    return dict(found)


async def waiting_shares(
    fetch: Fetch, tenants: Collection[str] | None, most: int
) -> dict[Queue, Sequence[Share]]:
    """Return for each queue the tenants with the most waiting jobs, up to `most` of them.

    `tenants` are those that may be named; None for all. Raises DatabaseUnavailable.
    """
    found: dict[Queue, list[Share]] = {queue: [] for queue in Queue}
    for row in await fetch(_SHARES, _names(tenants), most):
        if row["queue"] in found:
            found[row["queue"]].append(Share(row["tenant_id"], row["waiting"]))
    return dict(found)


async def recent_failures(
    fetch: Fetch, tenants: Collection[str] | None
) -> dict[Queue, RecentFailures]:
    """Return what failed lately in each queue, of some tenants or, for None, of all.

    Raises DatabaseUnavailable.
    """
    found = {row["queue"]: row for row in await fetch(_FAILURES, _names(tenants))}
    return {
        queue: RecentFailures(
            finished=found[queue]["finished_recently"],
            failed=found[queue]["failed"],
            dead=found[queue]["dead"],
            since=found[queue]["since"],
        )
        if queue in found
        else RecentFailures()
        for queue in Queue
    }


async def prune_samples(session: AsyncSession) -> None:
    """Delete the samples that are more than a day old."""
    await session.execute(delete(QueueSample).where(QueueSample.at < func.now() - _KEPT))


def _names(tenants: Collection[str] | None) -> list[str] | None:
    return None if tenants is None else sorted(tenants)
