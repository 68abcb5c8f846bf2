"""Reads of many jobs what a line of a table shows, without their inputs and outputs."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from shared.store.models import Job
from shared.store.postgres.database import Database


@dataclass(frozen=True)
class JobLine:
    """A job in a table. A newer version may have written a status or a code that is new."""

    id: UUID
    tenant_id: str
    request_id: str | None
    feature: str
    status: str
    attempt: int
    code: str | None
    created_at: datetime
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def wait(self) -> float | None:
        """Seconds for which the last attempt was waited for; None before the first."""
        if self.started_at is None:
            return None
        return max(0.0, (self.started_at - self.queued_at).total_seconds())

    @property
    def duration(self) -> float | None:
        """Seconds that the last attempt took; None before its end."""
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()


async def read_lines(
    database: Database, job_ids: Sequence[UUID], tenants: Collection[str] | None
) -> Sequence[JobLine]:
    """Return those of the jobs that exist, newest first. `tenants` is None across all tenants.

    Raises DatabaseUnavailable.
    """
    query = select(
        Job.id,
        Job.tenant_id,
        Job.request_id,
        Job.feature,
        Job.state,
        Job.attempt,
        Job.error["code"].astext,
        Job.created_at,
        Job.queued_at,
        Job.started_at,
        Job.finished_at,
    ).where(Job.id.in_(job_ids))
    if tenants is not None:
        query = query.where(Job.tenant_id.in_(sorted(tenants)))
    async with database.transaction() as session:
        rows = await session.execute(query.order_by(Job.created_at.desc(), Job.id.desc()))
        return [JobLine(*row) for row in rows]
