"""Makes, reads and changes rows of jobs for tests of the store."""

import json
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy import func, insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.features import Feature
from shared.store.hot.accepting import NewJob
from shared.store.jobs import JobRepository
from shared.store.models import Job, JobAttempt


def new_job(**different: Any) -> NewJob:
    """Return a new categorisation job; `different` replaces any of its values."""
    values: dict[str, Any] = {
        "tenant_id": "t",
        "user_id": None,
        "request_id": None,
        "feature": Feature.CATEGORIZATION,
        "priority": 0,
        "payload": "{}",
        "image": None,
        "idempotency_key": None,
        "content_key": None,
        "request_hash": "h",
    }
    return NewJob(**{**values, **different})


async def insert_job(session: AsyncSession, new: NewJob) -> Job:
    """Insert a job within the session's transaction, whatever its keys are."""
    values = asdict(new)
    for apart in ("image", "callback"):
        del values[apart]
    values |= {"payload": json.loads(new.payload), "queue": new.feature.queue}
    return (await session.scalars(insert(Job).values(values).returning(Job))).one()


async def history(session: AsyncSession, job: Job) -> list[JobAttempt]:
    """Refresh a job, and return its attempts."""
    await session.refresh(job)
    return (await JobRepository(session).attempts([job.id]))[job.id]


async def expire(session: AsyncSession, job: Job) -> None:
    """Set the end of a job's lease to a second ago."""
    past = func.now() - timedelta(seconds=1)
    await session.execute(update(Job).where(Job.id == job.id).values(lease_until=past))
