"""A job and the right to run it, in one transaction for the whole test."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from shared import transitions
from shared.database import Database
from shared.jobs import JobRepository
from shared.models import Job
from shared.transitions import Claim
from tests.jobs import new_job


@pytest.fixture
async def session(database: Database) -> AsyncIterator[AsyncSession]:
    """One transaction for the whole test: now() stands still in it."""
    async with database.transaction() as session:
        yield session


@pytest.fixture
async def job(session: AsyncSession) -> Job:
    """A queued job."""
    return (await JobRepository(session).add(new_job()))[0]


@pytest.fixture
async def held(session: AsyncSession, job: Job) -> Claim:
    """The right to run it."""
    held = await transitions.claim(session, job.id, 1, "worker", 15)
    assert held is not None
    return held
