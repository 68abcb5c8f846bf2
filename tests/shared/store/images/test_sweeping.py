"""What is deleted from an object store, and when: orphans, retention, the data of a tenant."""

import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, strategies
from hypothesis import settings as hypothesis_settings
from sqlalchemy import func, select, update

from shared.contracts.features import Feature
from shared.contracts.jobs import JobStatus
from shared.image_errors import ImageStoreUnavailable, ImageStoreUnknown
from shared.store.access.tenant_data import delete_data
from shared.store.hot.accepting import Accepted, NewJob
from shared.store.images.keeping import Images
from shared.store.images.objects import ObjectStore
from shared.store.images.reference import ImageReference, key_of
from shared.store.images.sweeping import ORPHAN, Swept, sweep
from shared.store.models import Job, JobImage
from shared.store.postgres.database import Database
from shared.store.retention import prune_images, prune_jobs
from shared.store.transitions.by_hand import Cancelling
from tests.support.job_rows import new_job

NOW = timedelta(seconds=-60)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[ObjectStore]:
    """An empty store."""
    store = ObjectStore(f"file://{tmp_path / 'images'}", endpoint=None, timeout=20)
    yield store
    await store.close()


def receipt(**different: object) -> NewJob:
    """Return a new job with an image."""
    values = {"feature": Feature.RECEIPT_EXTRACTION, "image": b"image", **different}
    return new_job(**values)


async def keys(store: ObjectStore) -> set[str]:
    """Return the keys of all objects."""
    return {found.key async for page in store.pages() for found in page}


async def accepted(database: Database, images: Images, new: NewJob) -> UUID:
    """Accept a job, and return the id of the one that it became or found."""
    (result,) = await images.accept(database, [new], {new.id: 1_000_000})
    assert isinstance(result, Accepted)
    return result.id


class Interrupted(ObjectStore):
    """A store during whose first `put` every job that there is fails."""

    def __init__(self, url: str, database: Database) -> None:
        super().__init__(url, endpoint=None, timeout=20)
        self._database = database

    async def put(self, key: str, content: bytes) -> ImageReference:
        """Store an object after the jobs failed."""
        async with self._database.transaction() as session:
            await session.execute(
                update(Job).values(state=JobStatus.FAILED, finished_at=func.now())
            )
        return await super().put(key, content)


async def test_no_receipt_is_inserted_without_its_image(
    database: Database, store: ObjectStore
) -> None:
    """A job that was found by its content fails while the image of another job is stored."""
    first = await accepted(database, Images(store), receipt(content_key="same"))
    news = [receipt(content_key="same"), receipt(content_key="other")]
    between = Interrupted(store.url, database)

    results = await Images(between).accept(database, news, {new.id: 1_000_000 for new in news})

    await between.close()
    assert [result.id for result in results if isinstance(result, Accepted)] == [first, news[1].id]
    async with database.transaction() as session:
        assert await session.scalar(select(func.count(Job.id))) == 2
    assert await keys(store) == await named(database)


async def end(database: Database, ago: timedelta) -> None:
    """Let every job have succeeded some time ago."""
    async with database.transaction() as session:
        await session.execute(
            update(Job).values(state=JobStatus.SUCCEEDED, finished_at=func.now() - ago)
        )


async def test_only_orphans_that_are_old_are_swept(database: Database, store: ObjectStore) -> None:
    """What others put there has no name of ours, and stays."""
    job = await accepted(database, Images(store), receipt())
    orphan, foreign = key_of("t", uuid4()), "notes/readme"
    for key in (orphan, foreign):
        await store.put(key, b"content")

    assert await sweep(database, store) == Swept(deleted=0, young=1)
    assert await sweep(database, store, older_than=NOW) == Swept(deleted=1, young=0)
    assert await keys(store) == {key_of("t", job), foreign}


async def test_an_object_elsewhere_saves_no_orphan(
    database: Database, store: ObjectStore, tmp_path: Path
) -> None:
    """The row has to name this object, and not the one of another store with the same key."""
    other = ObjectStore(f"file://{tmp_path / 'other'}", endpoint=None, timeout=20)
    job = await accepted(database, Images(other), receipt())
    await store.put(key_of("t", job), b"content")

    assert (await sweep(database, store, older_than=NOW)).deleted == 1
    assert await keys(other) == {key_of("t", job)}


STEPS = strategies.lists(
    strategies.tuples(
        strategies.sampled_from(["accept", "crash", "replay", "forget", "prune", "sweep"]),
        strategies.integers(0, 2),
    ),
    max_size=12,
)


@hypothesis_settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
async def test_no_object_of_a_row_is_deleted_and_no_orphan_stays(
    database: Database, store: ObjectStore, steps: list[tuple[str, int]]
) -> None:
    """Whatever is stored, committed, left by a crash, repeated, deleted and swept, in any order."""
    images = Images(store)
    for step, number in steps:
        match step:
            case "accept" | "replay":
                await accepted(database, images, receipt(idempotency_key=f"{number}"))
            case "crash":
                # The front stores the object and dies before it commits the row.
                await store.put(key_of("t", uuid4()), b"image")
            case "forget":
                # The process that prunes dies before it deletes the objects.
                await end(database, ORPHAN)
                async with database.transaction() as session:
                    await prune_images(session, 0)
            case "prune":
                await end(database, ORPHAN)
                async with database.transaction() as session:
                    pruned = await prune_jobs(session, 0)
                await images.forget(pruned.urls)
            case "sweep":
                await sweep(database, store, older_than=NOW)
        assert await named(database) <= await keys(store)
    await sweep(database, store, older_than=NOW)

    assert await keys(store) == await named(database)


async def named(database: Database) -> set[str]:
    """Return the keys of the objects that rows name."""
    async with database.transaction() as session:
        return {key_of("t", job) for job in await session.scalars(select(JobImage.job_id))}


async def unheard(_job: UUID, _cancelling: Cancelling) -> None:
    """Announce nothing."""


async def delete(database: Database, images: Images, tenant: str = "t") -> tuple[int, int]:
    """Delete the data of a tenant; return the numbers of jobs and images that were deleted."""
    done = await delete_data(database, images, tenant, actor="test", cancelled=unheard)
    return done.jobs, done.images


async def test_the_images_of_a_tenant_are_deleted(database: Database, store: ObjectStore) -> None:
    """Those of others stay, live jobs included."""
    images = Images(store)
    await accepted(database, images, receipt())
    await accepted(database, Images(), receipt())
    other = await accepted(database, images, receipt(tenant_id="other"))

    assert await delete(database, images) == (2, 2)
    assert await keys(store) == {key_of("other", other)}


async def test_nothing_counts_as_deleted_while_an_object_stays(
    database: Database, store: ObjectStore
) -> None:
    """The call can be repeated after any failure, though the rows are gone by then."""
    await accepted(database, Images(store), receipt())
    folder = Path(store.url.removeprefix("file://"))
    os.rename(folder, away := folder.with_name("away"))
    with pytest.raises(ImageStoreUnavailable):
        await delete(database, Images(store))
    os.rename(away, folder)

    # The object is younger than a submission may take.
    with pytest.raises(ImageStoreUnavailable, match="1 images of the tenant"):
        await delete(database, Images(store))
    (key,) = await keys(store)
    os.utime(folder / key, (0, 0))
    assert await delete(database, Images(store)) == (0, 0)
    assert await keys(store) == set()


async def test_what_a_crash_has_left_of_a_file_is_deleted_too(
    database: Database, store: ObjectStore
) -> None:
    """The library writes beside the file, and its listings do not show what it has begun."""
    part = Path(store.url.removeprefix("file://")) / f"{key_of('t', uuid4())}#1"
    part.parent.mkdir()
    part.write_bytes(b"half an image")

    with pytest.raises(ImageStoreUnavailable, match="1 images of the tenant"):
        await delete(database, Images(store))
    assert await sweep(database, store) == Swept(deleted=0, young=1)
    os.utime(part, (0, 0))
    await delete(database, Images(store))

    assert not part.exists()


async def test_an_image_that_cannot_be_deleted_keeps_everything(
    database: Database, store: ObjectStore
) -> None:
    """Without its row nobody would know of the object any more."""
    await accepted(database, Images(store), receipt())

    with pytest.raises(ImageStoreUnknown):
        await delete(database, Images())
    assert await delete(database, Images(store)) == (1, 1)


async def test_retention_deletes_the_objects(database: Database, store: ObjectStore) -> None:
    """Images go after their time, and what is left with the job."""
    images = Images(store)
    for _ in range(2):
        await accepted(database, images, receipt())
    await end(database, timedelta(hours=1))
    async with database.transaction() as session:
        kept = await prune_images(session, 7200)
        pruned = await prune_images(session, 60)
    await images.forget(pruned.urls)

    assert (kept.count, pruned.count, await keys(store)) == (0, 2, set())
