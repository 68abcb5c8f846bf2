"""Queries of single jobs. Nothing here changes any."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.store.models import Job


class JobRepository:
    """Queries of jobs within the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, job_id: UUID, tenant_id: str) -> Job | None:
        """Return the job, or None if there is none or it belongs to another tenant."""
        query = select(Job).where(Job.id == job_id, Job.tenant_id == tenant_id)
        return (await self._session.scalars(query)).one_or_none()
