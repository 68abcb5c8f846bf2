"""Finds a page of jobs by any conditions, in a bounded time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.errors import Busy
from shared.store.models import Job
from shared.store.postgres.database import Database
from shared.store.search.ordered import Place, Search, in_order
from shared.store.search.places import as_scanned, indexed_places, is_seldom, scanned_places

# How many rows are looked at for conditions that no index covers. So many take less than the time
# limit when they are in memory; a text takes longer, since it is looked for in the whole input,
# and so does a worker, which is looked for in the attempts.
SCANNED, SCANNED_FOR_TEXT = 20_000, 5_000
# How far a search for a text goes back, except within a tenant.
TEXT_AGE = timedelta(days=7)
# Milliseconds after which Postgres gives up a search that no index answers.
_TIME_LIMIT = 250
_TOO_LONG = (
    "The search took too long, and was given up. Narrow it by a tenant, a status or a time, or try "
    "again shortly."
)
_CANCELLED = "57014"


@dataclass(frozen=True)
class Found:
    """A page of a search: the places of jobs, newest first.

    `end` is where the next page begins, None on the last one. `scanned_until` is the time of the
    oldest job that was looked at, if there may be more that were not.
    """

    places: Sequence[Place]
    end: Place | None
    scanned_until: datetime | None = None


async def find_jobs(
    database: Database, search: Search, limit: int, *, scanned: int = SCANNED
) -> Found:
    """Return up to `limit` jobs, of no more than `scanned` that are looked at one by one.

    Raises DatabaseUnavailable, and Busy if it takes too long.
    """
    bounded = _bounded(search)
    async with database.transaction() as session:
        if (indexed := indexed_places(search, limit + 1)) is not None:
            found = await _page(session, indexed, limit)
        else:
            found = await _scan_in_time(session, bounded, limit, scanned)
    if bounded is not search and found.end is None:
        return replace(found, scanned_until=bounded.conditions.since)
    return found


def _bounded(search: Search) -> Search:
    """Return the search without a text in old jobs of several tenants."""
    conditions = search.conditions
    earliest = datetime.now(UTC) - TEXT_AGE
    if (
        conditions.text is None
        or search.tenant is not None
        or is_seldom(search)
        or (conditions.since is not None and conditions.since >= earliest)
    ):
        return search
    return replace(search, conditions=conditions.model_copy(update={"since": earliest}))


async def _page(session: AsyncSession, query: Select[tuple[Any, ...]], limit: int) -> Found:
    places = [(row[0], row[1]) for row in await session.execute(query)]
    return Found(places[:limit], places[limit - 1] if len(places) > limit else None)


async def _scan_in_time(session: AsyncSession, search: Search, limit: int, most: int) -> Found:
    try:
        return await _scan(session, search, limit, most)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == _CANCELLED:
            raise Busy(_TOO_LONG) from error
        raise


async def _scan(session: AsyncSession, search: Search, limit: int, most: int) -> Found:
    """Look at the newest jobs that the indexes find; return those that meet all conditions."""
    if search.conditions.text is not None or search.conditions.worker_id is not None:
        most = min(most, SCANNED_FOR_TEXT)
    await session.execute(text(f"SET LOCAL statement_timeout = {_TIME_LIMIT}"))
    found = await _page(session, scanned_places(search, most, limit + 1), limit)
    if found.end is not None:
        return found
    last = in_order(as_scanned(search), (Job.created_at, Job.id), most).subquery()
    place = (last.c.created_at, last.c.id)
    # The place of the last row that was looked at, if there were as many as may be.
    at_end = (
        await session.execute(
            select(*place).order_by(*(column.desc() for column in place)).offset(most - 1).limit(1)
        )
    ).one_or_none()
    return found if at_end is None else Found(found.places, (at_end[0], at_end[1]), at_end[0])
