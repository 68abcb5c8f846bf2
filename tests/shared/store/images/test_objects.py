"""The object store: a bucket on a real server, and a folder."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from shared.image_errors import ImageLost, ImageStoreUnavailable, ImageStoreUnknown
from shared.store.images.image_settings import ImageSettings
from shared.store.images.objects import ObjectStore
from shared.store.images.reference import ImageReference, job_of, key_of
from shared.telemetry.described_errors import describe
from tests.support.fronts import nowhere
from tests.support.processes.bucket import BUCKET, CREDENTIALS
from tests.support.processes.wire import wired
from tests.support.waiting import wait_until

# The slow ones share a server.
pytestmark = [pytest.mark.xdist_group("object_store"), pytest.mark.slow]


@asynccontextmanager
async def opened(
    url: str, endpoint: str | None = None, patience: float = 20
) -> AsyncIterator[ObjectStore]:
    """Open the store at a URL during the block."""
    store = ObjectStore(url, endpoint=endpoint, timeout=patience)
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture(params=["bucket", "folder"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ObjectStore]:
    """An empty store of either kind."""
    if request.param == "bucket":
        place = request.getfixturevalue("bucket"), request.getfixturevalue("s3")
    else:
        place = f"file://{tmp_path / 'images'}", None
    async with opened(*place) as store:
        yield store


async def keys(store: ObjectStore, folder: str | None = None) -> list[str]:
    """Return the keys of all objects."""
    return sorted([found.key async for page in store.pages(folder) for found in page])


async def test_an_object_is_there_until_it_is_deleted(store: ObjectStore) -> None:
    """Deleting one that is gone is no error, since a deletion may be repeated."""
    key, other = key_of("home", uuid4()), key_of("work", uuid4())
    content = bytes(range(256)) * 4000
    reference = await store.put(key, content)
    await store.put(other, b"other")

    assert reference == ImageReference(f"{store.url}/{key}", len(content))
    assert await store.get(reference) == content
    assert await keys(store) == sorted([key, other])
    assert await keys(store, key.partition("/")[0]) == [key]

    await store.delete([key])
    await store.delete([key])

    assert await keys(store) == [other]
    with pytest.raises(ImageLost):
        await store.get(reference)


async def test_another_size_is_a_lost_image(store: ObjectStore) -> None:
    """Half an image would be read as a receipt with half its items."""
    reference = await store.put("a", b"whole")
    await store.put("a", b"half")

    with pytest.raises(ImageLost):
        await store.get(reference)


async def test_a_reference_elsewhere_is_not_followed(store: ObjectStore) -> None:
    """A prefix that only begins alike is another place."""
    for url in ("s3://other/key", f"{store.url}-2/key", f"file://{__file__}"):
        with pytest.raises(ImageStoreUnknown):
            await store.get(ImageReference(url, 1))
        with pytest.raises(ImageStoreUnknown):
            store.keys([url])


async def test_a_missing_bucket_is_no_lost_image(s3: str, credentials: None) -> None:
    """The server answers both with 404, and a job whose image is lost fails for good."""
    async with opened("s3://no-such-bucket/prefix", s3) as store:
        reference = ImageReference(f"{store.url}/key", 1)
        with pytest.raises(ImageStoreUnavailable):
            await store.put("key", b"content")
        with pytest.raises(ImageStoreUnavailable):
            await store.get(reference)
        with pytest.raises(ImageStoreUnavailable):
            await store.delete(["key"])
        with pytest.raises(ImageStoreUnavailable):
            await store.check()


async def test_a_folder_that_is_gone_is_no_lost_image(tmp_path: Path) -> None:
    """The disk may not be mounted."""
    async with opened(f"file://{tmp_path / 'images'}") as store:
        reference = await store.put("key", b"content")
        (tmp_path / "images").rename(tmp_path / "elsewhere")
        with pytest.raises(ImageStoreUnavailable):
            await store.get(reference)


async def test_whoever_asks_while_the_store_is_away_hears_so_at_once(bucket: str, s3: str) -> None:
    """The circuit opens, and closes by itself when the store is back."""
    async with wired(s3, 80) as (wire, url), opened(bucket, url, patience=0.5) as store:
        await store.put("key", b"content")
        wire.flowing.clear()
        with pytest.raises(ImageStoreUnavailable):
            await store.get(ImageReference(f"{bucket}/key", 7))

        async def refused() -> bool:
            try:
                await store.check()
            except ImageStoreUnavailable as error:
                return describe(error.__cause__).endswith("a moment ago.")
            return False

        await wait_until(refused, "the circuit opened")
        wire.flowing.set()

        async def back() -> bool:
            return not await refused()

        await wait_until(back, "the circuit closed")
        assert await store.get(ImageReference(f"{bucket}/key", 7)) == b"content"


async def test_no_error_shows_a_secret_or_a_request(bucket: str) -> None:
    """What the library says of an error quotes the request, which may have a token."""
    away = nowhere("http").get_secret_value()
    async with opened(bucket, away) as store:
        with pytest.raises(ImageStoreUnavailable) as raised:
            await store.put(key_of("home", uuid4()), b"content")

    shown = f"{raised.value.detail} {describe(raised.value.__cause__)}"
    assert not [secret for secret in (*CREDENTIALS.values(), BUCKET, away) if secret in shown]
    assert "GenericError" in shown


def test_a_folder_is_for_its_owner_only(tmp_path: Path) -> None:
    """Receipts say where somebody was, and what they bought."""
    ObjectStore(f"file://{tmp_path / 'images'}", endpoint=None, timeout=1)

    assert (tmp_path / "images").stat().st_mode & 0o777 == 0o700


async def test_a_folder_that_cannot_be_made_is_a_store_that_is_away(tmp_path: Path) -> None:
    """A process starts all the same, and uses the folder once it is there."""
    mount = tmp_path / "mount"
    mount.touch()
    async with opened(f"file://{mount}/images", None) as store:
        with pytest.raises(ImageStoreUnavailable):
            await store.check()
        mount.unlink()
        (mount / "images").mkdir(parents=True)

        async def back() -> bool:
            try:
                await store.check()
            except ImageStoreUnavailable:
                return False
            return True

        await wait_until(back, "the circuit closed")
        assert (await store.put("key", b"content")).size == 7


@pytest.mark.parametrize(
    "value",
    [
        "",
        "s3://",
        "s3://bucket/../other",
        "s3://user:secret@bucket",
        "file:///",
        "file://relative",
        "file:///a/../b",
        "https://bucket",
        "Postgres",
    ],
)
def test_a_place_that_is_none_is_refused(value: str) -> None:
    """A wrong setting is found out at the start, and not by the first receipt."""
    with pytest.raises(ValueError, match="must be postgres, s3:"):
        ImageSettings(image_store=value)


def test_a_submission_ends_before_its_object_counts_as_an_orphan() -> None:
    """Whoever deletes the data of a tenant deletes objects that are a minute old and in no row."""
    with pytest.raises(ValueError, match="less than or equal to 30"):
        ImageSettings(image_store_timeout=31)


def test_a_slash_at_the_end_makes_no_other_place() -> None:
    """The references of both are the same."""
    assert ImageSettings(image_store="s3://bucket/a/").image_store == "s3://bucket/a"


def test_only_keys_of_ours_have_a_job() -> None:
    """What others put below the prefix is never swept."""
    job = uuid4()

    assert job_of(key_of("home", job)) == job
    assert [job_of(key) for key in ("", str(job), f"home/{job}", f"a/{key_of('h', job)}")] == [
        None
    ] * 4
