"""Which jobs a bulk operation is about, as SQL."""

from collections.abc import Collection, Iterator

from sqlalchemy import ColumnElement, Select, func, select, tuple_

from shared.contracts.jobs import JobStatus
from shared.contracts.search.bulk import BulkAction, BulkPreview
from shared.contracts.search.conditions import Conditions
from shared.rejections import InvalidRequest
from shared.store.models import LIVE, BulkOperation, Job
from shared.store.postgres.database import Session
from shared.store.search.conditions import matching
from shared.store.transitions.by_hand import REVIVABLE

# So many matching jobs are counted, and so many of them shown, before an operation begins.
MOST_COUNTED = 10_000
_SAMPLE = 10


def check_conditions(action: BulkAction, where: Conditions, *, all_jobs: bool) -> None:
    """Raise InvalidRequest if the action can be done to no such job, or nothing is demanded."""
    if not all_jobs and not where.model_dump(exclude_none=True):
        raise InvalidRequest('where: name a condition, or send "all": true to mean every job.')
    status = where.status
    if action is BulkAction.RETRY and status not in (None, *REVIVABLE):
        raise InvalidRequest("where.status: only failed or cancelled jobs can be retried.")
    if action is BulkAction.CANCEL and status is not None and status.finished:
        raise InvalidRequest("where.status: only queued or running jobs can be cancelled.")


def affected(
    action: BulkAction, where: Conditions, tenants: Collection[str] | None
) -> Iterator[ColumnElement[bool]]:
    """Yield what the jobs have to meet that the action can be done to, all of it.

    A retry is for failed jobs, unless ids or another status are named.
    """
    yield from matching(where, tenants)
    if action is BulkAction.CANCEL:
        yield LIVE
        yield Job.cancel_requested_at.is_(None)
    elif where.status is None:
        states = REVIVABLE if where.ids is not None else (JobStatus.FAILED,)
        yield Job.state.in_(states)
        yield Job.finished_at.is_not(None)


def next_jobs(operation: BulkOperation, limit: int) -> Select[tuple[Job]]:
    """Select up to `limit` of the jobs that an operation has yet to take, in its order.

    Jobs that were accepted, or have ended, after the operation began are not its own: a job that
    fails again is not retried again. Raises ValidationError if the operation has a condition that
    this version does not know.
    """
    action = BulkAction(operation.action)
    # A newer front may have stored a condition that this one does not know.
    where = Conditions.model_validate(operation.conditions, extra="forbid")
    query = select(Job).where(
        *affected(action, where, operation.tenants), Job.created_at < operation.created_at
    )
    if action is BulkAction.RETRY:
        query = query.where(Job.finished_at < operation.created_at)
    if operation.after_id is not None:
        last = (operation.after_created_at, operation.after_id)
        query = query.where(tuple_(Job.created_at, Job.id) > last)
    return query.order_by(Job.created_at, Job.id).limit(limit)


async def preview(
    session: Session, action: BulkAction, where: Conditions, tenants: Collection[str] | None
) -> BulkPreview:
    """Return how many jobs an operation would be about now, and some of them."""
    conditions = list(affected(action, where, tenants))
    some = select(Job.id).where(*conditions)
    bounded = some.limit(MOST_COUNTED + 1).subquery()
    matched = (await session.scalars(select(func.count()).select_from(bounded))).one()
    first = some.order_by(Job.created_at, Job.id).limit(_SAMPLE)
    return BulkPreview(
        matched=min(matched, MOST_COUNTED),
        at_least=matched > MOST_COUNTED,
        sample=list(await session.scalars(first)),
    )
