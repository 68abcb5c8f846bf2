"""Queries of single jobs, and of pages of them. Nothing here changes any."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.store.lists import JobFilter, newest
from shared.store.models import Job


class JobRepository:
    """Queries of jobs within the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, job_id: UUID, tenant_id: str) -> Job | None:
        """Return the job, or None if there is none or it belongs to another tenant."""
        query = select(Job).where(Job.id == job_id, Job.tenant_id == tenant_id)
        return (await self._session.scalars(query)).one_or_none()

    async def page(self, wanted: JobFilter, limit: int) -> Sequence[tuple[datetime, UUID]]:
        """Return `(created_at, id)` of up to `limit` of the wanted jobs, newest first."""
        return [(row[0], row[1]) for row in await self._session.execute(newest(wanted, limit))]
