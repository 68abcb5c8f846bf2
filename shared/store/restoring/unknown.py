"""Finds the jobs of a list that the database does not have."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.store.models import Job

# Ids per statement.
_CHUNK = 10_000


async def unknown_jobs(session: AsyncSession, job_ids: Sequence[UUID]) -> list[UUID]:
    """Return those of the jobs that have no row, in the given order."""
    known: set[UUID] = set()
    for start in range(0, len(job_ids), _CHUNK):
        chunk = job_ids[start : start + _CHUNK]
        known |= set(await session.scalars(select(Job.id).where(Job.id.in_(chunk))))
    return [job_id for job_id in job_ids if job_id not in known]
