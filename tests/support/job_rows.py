"""Makes, reads and changes rows of jobs for tests of the store."""

import json
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.features import Feature
from shared.store.hot.accepting import Acceptance, NewJob, accept
from shared.store.models import Job, JobAttempt
from shared.store.postgres.database import Database


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
    for apart in ("image", "callback", "reference"):
        del values[apart]
    values |= {"payload": json.loads(new.payload), "queue": new.feature.queue}
    return (await session.scalars(insert(Job).values(values).returning(Job))).one()


async def attempts_of(session: AsyncSession, job_id: UUID) -> list[JobAttempt]:
    """Return the recorded attempts of a job, oldest first."""
    query = select(JobAttempt).where(JobAttempt.job_id == job_id).order_by(JobAttempt.number)
    return list(await session.scalars(query))


async def history(session: AsyncSession, job: Job) -> list[JobAttempt]:
    """Refresh a job, and return its attempts."""
    await session.refresh(job)
    return await attempts_of(session, job.id)


async def accept_but(
    database: Database, news: Sequence[NewJob], refused: Collection[UUID] = ()
) -> list[Acceptance]:
    """Accept jobs for which there is room; those that are `refused` are only looked for."""
    return await accept(database, news, {new.id: 2**60 for new in news if new.id not in refused})


@asynccontextmanager
async def locking(database: Database, job_id: UUID) -> AsyncIterator[None]:
    """Lock the row of a job while the block runs, as a session that was forgotten does."""
    async with database.transaction() as session:
        await session.execute(select(Job.id).where(Job.id == job_id).with_for_update())
        yield


async def expire(session: AsyncSession, job: Job) -> None:
    """Set the end of a job's lease to a second ago."""
    past = func.now() - timedelta(seconds=1)
    await session.execute(update(Job).where(Job.id == job.id).values(lease_until=past))
