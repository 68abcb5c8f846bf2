"""Reads failed jobs in groups of the same kind, from the index of failures alone."""

from collections.abc import Collection
from datetime import datetime
from itertools import groupby

from shared.contracts.features import Feature
from shared.contracts.search.failures import FailureGroup, FailureList
from shared.errors import ErrorClass
from shared.store.postgres.statements import Fetch, Statement

MOST_GROUPS = 100
_HOURS = 24
# The latest job of so many groups is looked at, to know the class of the error.
_MOST_LOOKED_AT = 1000
# $1: tenants, or null for all; $2: feature or null; $3: since or null.
_WANTED = """
    state = 'failed' AND fingerprint IS NOT NULL
    AND ($1::text[] IS NULL OR tenant_id = ANY ($1)) AND ($2::text IS NULL OR feature = $2)
    AND ($3::timestamptz IS NULL OR created_at >= $3)
"""
_GROUPS = Statement(
    "failures.groups",
    "select",
    f"""
WITH found AS (
    SELECT fingerprint, count(*) AS count, count(DISTINCT tenant_id) AS tenants,
        min(finished_at) AS first_seen, max(finished_at) AS last_seen
    FROM jobs WHERE {_WANTED}
    GROUP BY fingerprint ORDER BY last_seen DESC LIMIT {_MOST_LOOKED_AT}
)
SELECT found.*, latest.id AS example, latest.error->>'error_class' AS error_class,
    latest.error->>'code' AS code, latest.error->>'place' AS place,
    failure_message(latest.error) AS message
FROM found CROSS JOIN LATERAL (
    SELECT id, error FROM jobs WHERE {_WANTED} AND fingerprint = found.fingerprint
    ORDER BY created_at DESC, id DESC LIMIT 1
) AS latest
WHERE $4::text IS NULL OR latest.error->>'error_class' = $4
ORDER BY last_seen DESC, fingerprint LIMIT {MOST_GROUPS + 1}
""",  # noqa: S608 (constants only)
)
# $4: the fingerprints. The hour of the latest is 0.
_TREND = Statement(
    "failures.trend",
    "select",
    f"""
SELECT fingerprint, floor(extract(epoch FROM now() - finished_at) / 3600)::int AS hour,
    count(*) AS count
FROM jobs
WHERE {_WANTED} AND fingerprint = ANY ($4) AND finished_at > now() - interval '{_HOURS} hours'
GROUP BY fingerprint, hour ORDER BY fingerprint
""",  # noqa: S608 (constants only)
)


async def failures(
    fetch: Fetch,
    tenants: Collection[str] | None,
    *,
    feature: Feature | None = None,
    error_class: ErrorClass | None = None,
    since: datetime | None = None,
) -> FailureList:
    """Return the groups of failures of these tenants (None: of all), the latest first.

    `since` bounds the time of acceptance. Raises DatabaseUnavailable.
    """
    wanted = None if tenants is None else sorted(tenants), feature, since
    rows = await fetch(_GROUPS, *wanted, error_class)
    shown = rows[:MOST_GROUPS]
    trends = await _trends(fetch, wanted, [row["fingerprint"] for row in shown])
    groups = [
        FailureGroup(**dict(row.items()), trend=trends.get(row["fingerprint"], [0] * _HOURS))
        for row in shown
    ]
    return FailureList(groups=groups, at_least=len(rows) > MOST_GROUPS)


async def _trends(
    fetch: Fetch, wanted: tuple[object, ...], fingerprints: list[str]
) -> dict[str, list[int]]:
    """Return the numbers of the last hours for each fingerprint, the oldest hour first."""
    trends: dict[str, list[int]] = {}
    rows = await fetch(_TREND, *wanted, fingerprints)
    for fingerprint, hours in groupby(rows, key=lambda row: row["fingerprint"]):
        trend = trends.setdefault(fingerprint, [0] * _HOURS)
        for row in hours:
            trend[_HOURS - 1 - min(max(row["hour"], 0), _HOURS - 1)] += row["count"]
    return trends
