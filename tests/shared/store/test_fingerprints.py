"""Failures of the same kind have the same fingerprint."""

from typing import Any

import pytest
from sqlalchemy import update

from shared.contracts.jobs import JobStatus
from shared.store.models import Job
from shared.store.postgres.database import Database
from shared.store.transitions import revive
from tests.support.job_rows import insert_job, new_job

ERROR = {"error_class": "bug", "code": "internal_error", "place": "a.py:1", "retryable": False}


async def failed(database: Database, **different: Any) -> Job:
    """Return a job that failed with this error."""
    async with database.transaction() as session:
        job = await insert_job(session, new_job())
        values = {"state": JobStatus.FAILED, "error": {**ERROR, "detail": "No.", **different}}
        await session.execute(update(Job).where(Job.id == job.id).values(**values))
        await session.refresh(job)
    return job


@pytest.mark.parametrize(
    ("detail", "other"),
    [
        (
            "No 0f8fad5b-d9cb-469f-a165-70867728950e.",
            "No 7c9e6679-7425-40de-944b-e07fc1f90ae7.",
        ),
        (f"Trace {'a' * 32}.", f"Trace {'1b' * 16}."),
        ("It took 3.5 s.", "It took 120 s."),
        ("No item 'milk'.", "No item 'bread'."),
        ('No item "milk".', 'No item "bread and butter".'),
    ],
)
async def test_ids_numbers_and_quotes_do_not_split(
    database: Database, detail: str, other: str
) -> None:
    first, second = [await failed(database, detail=each) for each in (detail, other)]

    assert first.fingerprint is not None
    assert first.fingerprint == second.fingerprint


@pytest.mark.parametrize(
    "different",
    [{"place": "b.py:2"}, {"code": "timeout"}, {"error_class": "crashed"}, {"detail": "Yes."}],
)
async def test_what_else_differs_splits(database: Database, different: dict[str, str]) -> None:
    first, second = await failed(database), await failed(database, **different)

    assert first.fingerprint != second.fingerprint


async def test_a_retried_job_loses_it(database: Database) -> None:
    job = await failed(database)
    async with database.transaction() as session:
        assert await revive(session, job.id, job.tenant_id)
    async with database.transaction() as session:
        found = await session.get_one(Job, job.id)

    assert job.fingerprint is not None
    assert found.fingerprint is None
