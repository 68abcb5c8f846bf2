"""Counts the jobs of a search by status, up to a number that is quickly counted."""

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import func, select

from shared.contracts.jobs import JobStatus
from shared.store.postgres.database import Database
from shared.store.search.ordered import Search
from shared.store.search.places import indexed_places

# More jobs of a status than this are not counted.
MOST_COUNTED = 10_000


async def count_jobs(database: Database, search: Search) -> Mapping[JobStatus, int] | None:
    """Return how many jobs of each status there are, at most one more than MOST_COUNTED.

    The status of the search does not matter. Returns None for a search that no index answers.
    Raises DatabaseUnavailable.
    """
    counts = []
    for status in JobStatus:
        conditions = search.conditions.model_copy(update={"status": status})
        places = indexed_places(replace(search, conditions=conditions), MOST_COUNTED + 1)
        if places is None:
            return None
        counts.append(select(func.count()).select_from(places.subquery()).scalar_subquery())
    async with database.transaction() as session:
        row = (await session.execute(select(*counts))).one()
    return dict(zip(JobStatus, row, strict=True))
