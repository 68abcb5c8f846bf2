"""Selects the jobs of a tenant for a list, in a time that does not grow with their number.

Two indexes have the ended jobs of a tenant in the order of lists: one by state, one by feature and
state. Live jobs are found among all live jobs, whose number the limits of the queues bound: an
index of their own would fill with the versions of rows that every change of state leaves behind.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select, tuple_, union_all

from shared.contracts.features import Feature
from shared.contracts.jobs import JobStatus
from shared.store.models import LIVE, Job

_Columns = TypeVar("_Columns", bound=tuple[Any, ...])

_NEWEST_FIRST = (Job.created_at.desc(), Job.id.desc())
_ENDED = [status for status in JobStatus if status.finished]


@dataclass(frozen=True, kw_only=True)
class JobFilter:
    """Which jobs of a tenant to list.

    `before` is `(created_at, id)` of the last job on the previous page; None begins at the newest.
    """

    tenant_id: str
    state: JobStatus | None = None
    feature: Feature | None = None
    since: datetime | None = None
    before: tuple[datetime, UUID] | None = None


def newest(wanted: JobFilter, limit: int) -> Select[tuple[datetime, UUID]]:
    """Select `(created_at, id)` of up to `limit` of the wanted jobs, newest first."""
    places = select(Job.created_at, Job.id)
    if wanted.state:
        return _ordered(places, wanted, _in_state(wanted.state), limit)
    # The index of each state is in order, so Postgres merges them and reads hardly more rows than
    # it returns.
    conditions = [LIVE, *map(_in_state, _ENDED)]
    parts = (_ordered(places, wanted, condition, limit).subquery() for condition in conditions)
    merged = union_all(*(select(part) for part in parts)).subquery()
    in_order = (merged.c.created_at.desc(), merged.c.id.desc())
    return select(merged.c.created_at, merged.c.id).order_by(*in_order).limit(limit)


def _in_state(state: JobStatus) -> ColumnElement[bool]:
    """Return the condition that a job is in a state, with that of the index of such jobs."""
    indexed = Job.finished_at.is_not(None) if state.finished else LIVE
    return (Job.state == state) & indexed


def _ordered(
    columns: Select[_Columns], wanted: JobFilter, condition: ColumnElement[bool], limit: int
) -> Select[_Columns]:
    query = columns.where(Job.tenant_id == wanted.tenant_id, condition)
    if wanted.feature:
        query = query.where(Job.feature == wanted.feature)
    if wanted.since:
        query = query.where(Job.created_at >= wanted.since)
    if wanted.before:
        query = query.where(tuple_(Job.created_at, Job.id) < wanted.before)
    return query.order_by(*_NEWEST_FIRST).limit(limit)
