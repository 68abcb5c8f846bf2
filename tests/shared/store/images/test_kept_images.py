"""Receipts whose images are in an object store: accepted by a front, read by a worker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from shared.client import AsyncServiceClient
from shared.contracts.features import Feature
from shared.contracts.jobs import JobStatus, JobView
from shared.errors import ErrorClass, ServiceError
from shared.image_errors import ImageStoreUnavailable
from shared.rejections import IdempotencyKeyReused
from shared.settings import Settings
from shared.store.images.objects import ObjectStore
from shared.store.models import Job, JobImage
from shared.store.postgres.database import Database
from shared.store.retry_policy import BUDGETS
from tests.support.fronts import front_client, nowhere
from tests.support.processes.wire import wired
from tests.support.runners import ITEM, dairy, worker_with
from tests.support.waiting import wait_until
from worker.features.runners import Product, Work

pytestmark = pytest.mark.xdist_group("object_store")


@asynccontextmanager
async def store_of(settings: Settings) -> AsyncIterator[ObjectStore]:
    """Open the object store of some settings during the block."""
    store = ObjectStore(settings.image_store, endpoint=settings.aws_endpoint_url, timeout=20)
    try:
        yield store
    finally:
        await store.close()


async def keys(settings: Settings) -> list[str]:
    """Return the keys of all objects in the store of some settings."""
    async with store_of(settings) as store:
        return [found.key async for page in store.pages() for found in page]


async def row_of(database: Database, job_id: UUID) -> JobImage:
    """Return the row of the image of a job."""
    async with database.transaction() as session:
        return await session.get_one(JobImage, job_id)


async def put_back(client: AsyncServiceClient, job_id: UUID) -> JobView:
    """Wait until a worker has put a job back, and return the job."""

    async def is_back() -> bool:
        return (await client.job(job_id)).error is not None

    await wait_until(is_back, "the job was put back")
    return await client.job(job_id)


class Reader:
    """A runner that remembers the images it got."""

    def __init__(self) -> None:
        self.images: list[bytes | None] = []

    async def __call__(self, work: Work) -> Product:
        """Answer that everything is dairy."""
        self.images.append(work.image)
        return await dairy(work)


async def test_a_receipt_goes_through_a_bucket(
    in_bucket: Settings, database: Database, receipt_png: bytes
) -> None:
    """The row has the URL and no content, and its name does not show the tenant's."""
    read = Reader()
    async with front_client(in_bucket) as client:
        job = await client.submit_receipt(receipt_png)
        row = await row_of(database, job.id)
        shown = await client.job_image(job.id)
        async with worker_with(in_bucket, read):
            done = await client.await_job(job.id, within=30)

    assert done.status is JobStatus.SUCCEEDED
    assert read.images == [receipt_png]
    assert shown.content == receipt_png
    assert (row.content, row.object_size) == (None, len(receipt_png))
    assert await keys(in_bucket) == [str(row.object_url).removeprefix(f"{in_bucket.image_store}/")]
    assert "tenant" not in str(row.object_url)
    stages = [stage.name for stage in done.attempts[0].stages]
    assert "image.fetch" in stages


async def test_images_stay_where_they_are_when_the_setting_changes(
    settings: Settings, in_folder: Settings, database: Database, receipt_png: bytes
) -> None:
    """Those in Postgres are read by a worker with an object store. Those in a store that is named
    no more wait for it."""
    read = Reader()
    async with front_client(settings) as client:
        before = await client.submit_receipt(receipt_png)
    async with front_client(in_folder) as client:
        after = await client.submit_receipt(receipt_png + b" ")
        async with worker_with(settings, read):
            await client.await_job(before.id, within=30)
            waiting = await put_back(client, after.id)
        async with worker_with(in_folder, read):
            await make_due(database)
            done = await client.await_job(after.id, within=30)

    assert waiting.error is not None
    assert (waiting.error.code, waiting.attempts) == ("image_store_unknown", [])
    assert done.status is JobStatus.SUCCEEDED
    assert read.images == [receipt_png, receipt_png + b" "]


async def test_nothing_is_stored_for_what_is_not_accepted(
    in_folder: Settings, receipt_png: bytes
) -> None:
    """Neither a repetition, nor another work under its key, nor a refusal leaves an object."""
    full = in_folder.model_copy(update={"receipts_queue_limit": 2, "tenant_queue_share": 1.0})
    async with front_client(full) as client:
        first = await client.submit_receipt(receipt_png, idempotency_key="a")
        again = await client.submit_receipt(receipt_png, idempotency_key="a")
        with pytest.raises(IdempotencyKeyReused):
            await client.submit_receipt(receipt_png + b" ", idempotency_key="a")
        await client.submit_receipt(receipt_png)
        with pytest.raises(ServiceError) as refused:
            await client.submit_receipt(receipt_png)

    assert (first.id, refused.value.code) == (again.id, "queue_full")
    assert len(await keys(in_folder)) == 2


async def test_the_same_work_at_once_leaves_one_object(
    in_folder: Settings, receipt_png: bytes
) -> None:
    """Whoever stores an image and finds that another was first takes it away again."""
    async with front_client(in_folder) as client:
        jobs = await asyncio.gather(
            *(client.submit_receipt(receipt_png, idempotency_key="a") for _ in range(4))
        )

    assert len({job.id for job in jobs}) == 1
    assert len(await keys(in_folder)) == 1


async def test_a_receipt_is_refused_while_the_store_is_away(
    in_bucket: Settings, database: Database, receipt_png: bytes
) -> None:
    """There is no job then, and the caller hears when to come again. Items go on."""
    away = in_bucket.model_copy(update={"aws_endpoint_url": nowhere("http").get_secret_value()})
    async with front_client(away) as client:
        with pytest.raises(ImageStoreUnavailable) as refused:
            await client.submit_receipt(receipt_png)
        item = await client.submit(Feature.CATEGORIZATION, ITEM)
        ready = await client.ready()

    assert refused.value.retry_after == 10
    assert item.status is JobStatus.QUEUED
    assert (ready.status, ready.checks["image_store"].status) == ("degraded", "error")
    async with database.transaction() as session:
        assert (await session.scalars(select(Job.id))).all() == [item.id]


async def make_due(database: Database) -> None:
    """Let all jobs that were put back run now."""
    async with database.transaction() as session:
        await session.execute(update(Job).values(queued_at=func.now()))


async def test_a_job_waits_while_the_store_is_away(
    in_bucket: Settings, s3: str, database: Database, receipt_png: bytes
) -> None:
    """That costs it no attempt, and the work is not done without the image."""
    read = Reader()
    async with front_client(in_bucket) as client, wired(s3, 80) as (wire, url):
        job = await client.submit_receipt(receipt_png)
        await wire.cut()
        async with worker_with(in_bucket.model_copy(update={"aws_endpoint_url": url}), read):
            waiting = await put_back(client, job.id)
        async with worker_with(in_bucket, read):
            await make_due(database)
            done = await client.await_job(job.id, within=30)

    assert waiting.error is not None
    assert (waiting.error.code, waiting.status) == ("image_store_unavailable", JobStatus.QUEUED)
    assert (done.status, len(done.attempts), len(read.images)) == (JobStatus.SUCCEEDED, 1, 1)


async def test_a_lost_image_is_tried_again_and_then_named(
    in_folder: Settings, receipt_png: bytes
) -> None:
    """Nobody may wait for ever, or take the job for one without text."""
    read = Reader()
    async with front_client(in_folder) as client, store_of(in_folder) as store:
        job = await client.submit_receipt(receipt_png)
        await store.delete(await keys(in_folder))
        async with worker_with(in_folder, read):
            done = await client.await_job(job.id, within=30)
        with pytest.raises(ServiceError) as shown:
            await client.job_image(job.id)

    assert done.error is not None
    assert (done.status, done.error.code) == (JobStatus.FAILED, "image_lost")
    assert len(done.attempts) == BUDGETS[ErrorClass.TRANSIENT]
    assert (shown.value.code, read.images) == ("image_lost", [])
