"""The conditions of a search, as SQL."""

from collections.abc import Collection, Iterator

from sqlalchemy import ColumnElement, Text, cast, func, or_, select, true

from shared.contracts.search.conditions import Conditions
from shared.store.models import LIVE, Job, JobAttempt

# The expression of the index of trace ids.
TRACE_ID = func.substr(Job.trace_carrier["traceparent"].astext, 4, 32)


def matching(
    conditions: Conditions, tenants: Collection[str] | None
) -> Iterator[ColumnElement[bool]]:
    """Yield what a job has to meet, all of it. `tenants` is None across all tenants."""
    if conditions.status is not None:
        yield Job.finished_at.is_not(None) if conditions.status.finished else LIVE
    if conditions.trace_id is not None:
        yield TRACE_ID.in_([conditions.trace_id])
    yield from unindexed(conditions, tenants, Job)


def unindexed(
    conditions: Conditions, tenants: Collection[str] | None, job: type[Job]
) -> Iterator[ColumnElement[bool]]:
    """Yield what a job has to meet beside its trace id. `job` may be an alias."""
    if tenants is not None:
        yield job.tenant_id.in_(sorted(tenants))
    if conditions.ids is not None:
        yield job.id.in_(conditions.ids)
    yield from _equal(conditions, job)
    yield from _within(conditions, job)


def _equal(conditions: Conditions, job: type[Job]) -> Iterator[ColumnElement[bool]]:
    for column, value in (
        (job.state, conditions.status),
        (job.feature, conditions.feature),
        (job.request_id, conditions.request_id),
        (job.fingerprint, conditions.fingerprint),
        (job.error["error_class"].astext, conditions.error_class),
        (job.error["code"].astext, conditions.code),
    ):
        if value is not None:
            yield column == value


def _within(conditions: Conditions, job: type[Job]) -> Iterator[ColumnElement[bool]]:
    if conditions.since is not None:
        yield job.created_at >= conditions.since
    if conditions.until is not None:
        yield job.created_at < conditions.until
    if conditions.worker_id is not None:
        # With EXISTS, Postgres may read all attempts of the worker instead of those of each job.
        ran = select(true()).where(
            JobAttempt.job_id == job.id, JobAttempt.worker_id == conditions.worker_id
        )
        yield or_(job.worker_id == conditions.worker_id, ran.limit(1).scalar_subquery())
    if conditions.text is not None:
        yield cast(job.payload, Text).icontains(conditions.text, autoescape=True)
