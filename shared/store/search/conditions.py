"""The conditions of a search, as SQL."""

from collections.abc import Collection, Iterator

from sqlalchemy import ColumnElement, Text, cast, exists, func, select

from shared.contracts.search.conditions import Conditions
from shared.store.models import LIVE, Job, JobAttempt

# The expression of the index of trace ids.
TRACE_ID = func.substr(Job.trace_carrier["traceparent"].astext, 4, 32)


def matching(
    conditions: Conditions, tenants: Collection[str] | None
) -> Iterator[ColumnElement[bool]]:
    """Yield what a job has to meet, all of it. `tenants` is None across all tenants."""
    if tenants is not None:
        yield Job.tenant_id.in_(sorted(tenants))
    if conditions.status is not None:
        yield Job.state == conditions.status
        yield Job.finished_at.is_not(None) if conditions.status.finished else LIVE
    if conditions.ids is not None:
        yield Job.id.in_(conditions.ids)
    yield from _equal(conditions)
    yield from _within(conditions)


def _equal(conditions: Conditions) -> Iterator[ColumnElement[bool]]:
    for column, value in (
        (Job.feature, conditions.feature),
        (Job.request_id, conditions.request_id),
        (Job.fingerprint, conditions.fingerprint),
        (TRACE_ID, conditions.trace_id),
        (Job.error["error_class"].astext, conditions.error_class),
        (Job.error["code"].astext, conditions.code),
    ):
        if value is not None:
            yield column == value


def _within(conditions: Conditions) -> Iterator[ColumnElement[bool]]:
    if conditions.since is not None:
        yield Job.created_at >= conditions.since
    if conditions.until is not None:
        yield Job.created_at < conditions.until
    if conditions.worker_id is not None:
        ran = select(JobAttempt.job_id).where(
            JobAttempt.job_id == Job.id, JobAttempt.worker_id == conditions.worker_id
        )
        yield (Job.worker_id == conditions.worker_id) | exists(ran)
    if conditions.text is not None:
        yield cast(Job.payload, Text).icontains(conditions.text, autoescape=True)
