"""Quotas: what is kept of one tenant is bounded, and others are not affected."""

from typing import Any

import pytest
from sqlalchemy import delete, func, update

from shared.client import AsyncServiceClient
from shared.contracts.jobs import JobStatus
from shared.errors import QuotaExceeded
from shared.settings import Settings
from shared.store.figures.usage import Usage, read_usage
from shared.store.models import Job, JobImage
from shared.store.postgres.database import Database
from tests.support.fronts import front_client, front_http
from tests.support.runners import ITEM


def with_quota(settings: Settings, **quota: int) -> Settings:
    """Return settings with a quota of `jobs`, `bytes` or both."""
    return settings.model_copy(
        update={f"tenant_stored_{name}": value for name, value in quota.items()}
    )


async def test_a_tenant_keeps_no_more_jobs_than_its_quota(
    settings: Settings, database: Database
) -> None:
    """Ended jobs count as long as they are kept. Existing ones are found, and others accepted."""
    async with front_client(with_quota(settings, jobs=3)) as front:
        jobs = [await front.submit("categorization", ITEM, idempotency_key=f"{n}") for n in "abc"]
        async with database.transaction() as session:
            ended = update(Job).where(Job.id == jobs[0].id)
            await session.execute(ended.values(state=JobStatus.FAILED, finished_at=func.now()))
        with pytest.raises(QuotaExceeded, match="3 jobs of the tenant are stored") as refused:
            await front.submit("categorization", ITEM, idempotency_key="d")
        again = await front.submit("categorization", ITEM, idempotency_key="a")
        await front.submit("categorization", ITEM, tenant_id="other")

    assert (refused.value.problem["status"], refused.value.retry_after) == (503, 3600)
    assert again.id == jobs[0].id


async def test_what_is_deleted_makes_room(settings: Settings, database: Database) -> None:
    """A front that has counted what it accepted looks again before it refuses."""
    async with front_client(with_quota(settings, jobs=3)) as front:
        for _ in range(3):
            await front.submit("categorization", ITEM)
        async with database.transaction() as session:
            await session.execute(delete(Job))
        job = await front.submit("categorization", ITEM)

    assert job.status is JobStatus.QUEUED


async def test_a_batch_fills_a_quota_exactly(settings: Settings) -> None:
    """The first entries get the room that is left."""
    entry: dict[str, Any] = {"feature": "categorization", "payload": ITEM}
    async with front_http(with_quota(settings, jobs=5)) as http:
        results = []
        for _ in range(2):
            body = {"tenant_id": "t", "jobs": [entry] * 4}
            results += (await http.post("/api/v1/jobs/batch", json=body)).json()["results"]

    codes = [result["error"] and result["error"]["code"] for result in results]
    assert codes == [None] * 5 + [QuotaExceeded.code] * 3
    assert results[-1]["error"]["retry_after"] == 3600


async def test_a_tenant_keeps_no_more_bytes_of_images_than_its_quota(
    settings: Settings, database: Database, receipt_png: bytes
) -> None:
    """Jobs without images are accepted all the same, and the receipt once an image is deleted."""
    size = len(receipt_png)
    async with front_client(with_quota(settings, bytes=2 * size)) as front:
        for number in range(2):
            await front.submit_receipt(receipt_png, request_id=f"{number}")
        with pytest.raises(QuotaExceeded, match=f"its quota of {2 * size} bytes"):
            await front.submit_receipt(receipt_png, request_id="2")
        await front.submit("categorization", ITEM)
        stored = await read_usage(database, "tenant")
    async with database.transaction() as session:
        await session.execute(delete(JobImage))
    async with front_client(with_quota(settings, bytes=2 * size)) as front:
        await front.submit_receipt(receipt_png, request_id="2")

    assert stored == Usage(3, 2 * size)
    assert await read_usage(database, "other") == Usage(0, 0)


async def test_without_quotas_nothing_is_counted(
    client: AsyncServiceClient, database: Database
) -> None:
    """The default is no quota."""
    jobs = [await client.submit("categorization", ITEM) for _ in range(3)]

    assert await read_usage(database, "tenant") == Usage(len(jobs), 0)
