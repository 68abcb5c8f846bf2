"""Fixtures: a job and a claim on it, in one transaction for the whole test."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from shared.store.hot.claiming import Claim
from shared.store.models import Job
from shared.store.postgres.database import Database
from tests.support import holding
from tests.support.job_rows import insert_job, new_job


@pytest.fixture
async def session(database: Database) -> AsyncIterator[AsyncSession]:
    """A transaction for the whole test, in which SQL's now() stays the same."""
    async with database.transaction() as session:
        yield session


@pytest.fixture
async def job(session: AsyncSession) -> Job:
    """A queued job."""
    return await insert_job(session, new_job())


@pytest.fixture
async def held(session: AsyncSession, job: Job) -> Claim:
    """A claim on the job, by the worker called `worker`."""
    held = await holding.claim(session, job.id, 1, "worker", 15)
    assert held is not None
    return held
