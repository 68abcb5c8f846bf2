"""The places of the jobs of a search, in lists."""

from dataclasses import replace
from typing import Any

from sqlalchemy import Select, inspect, select, tuple_
from sqlalchemy.orm import aliased

from shared.contracts.jobs import JobStatus
from shared.store.models import LIVE, Job
from shared.store.search.conditions import matching, unindexed
from shared.store.search.ordered import Search, in_order


def indexed_places(search: Search, limit: int) -> Select[tuple[Any, ...]] | None:
    """Select `(created_at, id)` of up to `limit` of the jobs, newest first.

    Returns None if jobs have to be looked at one by one to find those that are meant.
    """
    if is_seldom(search):
        return _sorted_places(search, limit)
    return in_order(search, (Job.created_at, Job.id), limit) if _is_covered(search) else None


def is_seldom(search: Search) -> bool:
    """Return whether the conditions name jobs of which there are few."""
    conditions = search.conditions
    return conditions.ids is not None or any((conditions.request_id, conditions.trace_id))


def _is_covered(search: Search) -> bool:
    """Return whether `in_order` selects by all of the conditions."""
    conditions = search.conditions
    if any((conditions.error_class, conditions.code, conditions.worker_id, conditions.text)):
        return False
    if conditions.fingerprint is not None:
        of_failures = conditions.status in (None, JobStatus.FAILED)
        return of_failures and conditions.feature is None and search.tenants is None
    return conditions.feature is None or search.tenants is not None


def _sorted_places(search: Search, limit: int) -> Select[tuple[Any, ...]]:
    """Select from all jobs that meet the conditions, which Postgres finds before it sorts them."""
    conditions = [*matching(search.conditions, search.tenants)]
    if search.before is not None:
        conditions.append(tuple_(Job.created_at, Job.id) < search.before)
    places = select(Job.created_at, Job.id).where(*conditions)
    if search.conditions.ids is not None:
        found = places.cte()
    else:
        ended = places.where(Job.finished_at.is_not(None))
        live = places.where(Job.finished_at.is_(None), LIVE)
        found = ended.union_all(live).cte()
    # Postgres would rather walk through the index of all jobs in order than sort those few.
    found = found.prefix_with("MATERIALIZED")
    return (
        select(found.c.created_at, found.c.id)
        .order_by(found.c.created_at.desc(), found.c.id.desc())
        .limit(limit)
    )


def as_scanned(search: Search) -> Search:
    """Return the search by which jobs are looked at: across tenants for one within several.

    Postgres would otherwise read as many jobs of each of the tenants before it sorts them.
    """
    within_several = search.tenants is not None and search.tenant is None
    return replace(search, tenants=None) if within_several else search


def scanned_places(search: Search, most: int, limit: int) -> Select[tuple[Any, ...]]:
    """Select `(created_at, id)` of up to `limit` of the jobs, newest first.

    Postgres looks at `most` of those that `in_order` selects, and no others.
    """
    columns = [*inspect(Job).columns]
    job = aliased(Job, in_order(as_scanned(search), columns, most).subquery("scanned"))
    return (
        select(job.created_at, job.id)
        .where(*unindexed(search.conditions, search.tenants, job))
        .order_by(job.created_at.desc(), job.id.desc())
        .limit(limit)
    )
