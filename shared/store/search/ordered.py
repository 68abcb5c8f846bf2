"""Selects jobs, newest first, in a time that does not grow with their number.

Indexes have the ended jobs in the order of lists: those of all tenants by state, those of a tenant
by state, and by feature and state, and the failures by fingerprint. Live jobs are found among all
live jobs, whose number the limits of the queues bound: an index of their own would fill with the
versions of rows that every change of state leaves behind.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Text,
    func,
    literal,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute

from shared.contracts.jobs import JobStatus
from shared.contracts.search.conditions import Conditions
from shared.store.models import LIVE, Job

# `(created_at, id)` of a job: its place in every list.
Place: TypeAlias = tuple[datetime, UUID]

_ENDED = [status for status in JobStatus if status.finished]


@dataclass(frozen=True, kw_only=True)
class Search:
    """Which jobs to find. `tenants` is None across all tenants.

    `before` is the place of the last job on the previous page; None begins at the newest.
    """

    conditions: Conditions
    tenants: frozenset[str] | None
    before: Place | None = None

    @property
    def tenant(self) -> str | None:
        """The tenant of a search within a single one."""
        if self.tenants is None or len(self.tenants) != 1:
            return None
        return next(iter(self.tenants))


def in_order(
    search: Search, columns: Iterable[ColumnElement[Any] | InstrumentedAttribute[Any]], limit: int
) -> Select[tuple[Any, ...]]:
    """Select columns of up to `limit` jobs, newest first, by the conditions that indexes cover.

    These are the status, the times, `before`, and the fingerprint; without a fingerprint also the
    tenants, and the feature within tenants. The columns have to include `created_at` and `id`.
    """
    query = select(*columns)
    if search.conditions.fingerprint is not None:
        of_kind = Job.fingerprint == search.conditions.fingerprint
        return _newest(query.where(of_kind, Job.state == JobStatus.FAILED), search, limit)
    # The index of each state is in order, so Postgres merges them and reads hardly more rows than
    # it returns.
    parts = [_part(query, condition, search, limit) for condition in _states(search.conditions)]
    return parts[0] if len(parts) == 1 else _merged(parts, limit)


def _states(conditions: Conditions) -> Iterator[tuple[ColumnElement[bool], bool]]:
    """Yield conditions which share out the states that are wanted, and whether each is of ended
    jobs. Each names that of the index of such jobs, too."""
    if conditions.status is None or not conditions.status.finished:
        state = Job.state == conditions.status if conditions.status else true()
        yield LIVE & state, False
    for status in _ENDED:
        if conditions.status in (None, status):
            yield (Job.state == status) & Job.finished_at.is_not(None), True


def _part(
    query: Select[tuple[Any, ...]],
    state: tuple[ColumnElement[bool], bool],
    search: Search,
    limit: int,
) -> Select[tuple[Any, ...]]:
    condition, ended = state
    query = query.where(condition)
    if search.tenants is None:
        return _newest(query, search, limit)
    if search.conditions.feature is not None:
        query = query.where(Job.feature == search.conditions.feature)
    if search.tenant is not None or not ended:
        return _newest(query.where(_of_tenants(search)), search, limit)
    # The newest of each tenant, which its part of the index has in order.
    every = func.unnest(literal(sorted(search.tenants), ARRAY(Text)))
    names = every.table_valued("tenant", name="names").render_derived()
    newest = _newest(query.where(Job.tenant_id == names.c.tenant), search, limit).lateral(
        "of_tenant"
    )
    merged = select(*newest.c).select_from(names).join(newest, true())
    return _sorted(merged, newest.c, limit)


def _of_tenants(search: Search) -> ColumnElement[bool]:
    if search.tenant is not None:
        return Job.tenant_id == search.tenant
    return Job.tenant_id.in_(sorted(search.tenants or ()))


def _newest(query: Select[tuple[Any, ...]], search: Search, limit: int) -> Select[tuple[Any, ...]]:
    conditions = search.conditions
    if conditions.since is not None:
        query = query.where(Job.created_at >= conditions.since)
    if conditions.until is not None:
        query = query.where(Job.created_at < conditions.until)
    if search.before is not None:
        query = query.where(tuple_(Job.created_at, Job.id) < search.before)
    return query.order_by(Job.created_at.desc(), Job.id.desc()).limit(limit)


def _merged(parts: Iterable[Select[tuple[Any, ...]]], limit: int) -> Select[tuple[Any, ...]]:
    merged = union_all(*(select(part.subquery()) for part in parts)).subquery()
    return _sorted(select(merged), merged.c, limit)


def _sorted(query: Select[tuple[Any, ...]], columns: Any, limit: int) -> Select[tuple[Any, ...]]:
    in_order = (columns["created_at"].desc(), columns["id"].desc())
    return query.order_by(*in_order).limit(limit)
