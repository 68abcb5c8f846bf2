"""Showing an image costs a front no more than its limits, whatever bytes were sent as one."""

import asyncio
from collections.abc import Callable

import pytest

from api.shown_images import ShownImages
from shared.images.headers import JPEG
from shared.images.inspection import PDF
from shared.rejections import ImageTooCostly
from shared.settings import Settings
from shared.store.job_images import StoredImage
from tests.support.files import costly

# More than may be shown at once.
CROWD = 12


def stored(content: bytes, media_type: str) -> StoredImage:
    return StoredImage(content, media_type, "00")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "media_type"),
    [
        pytest.param(costly.nested_forms, PDF, id="forms in forms"),
        # Only an image that says how it is turned is decoded.
        pytest.param(lambda: costly.many_scans() + b"Exif\0\0", JPEG, id="JPEG of many scans"),
    ],
)
async def test_a_costly_image_ends_its_process_only(
    settings: Settings, make: Callable[[], bytes], media_type: str
) -> None:
    """The caller is at fault, so asking again is of no use."""
    limits = {"page_cpu": 1, "page_memory": 300_000_000}
    images = ShownImages(settings.model_copy(update=limits))

    with pytest.raises(ImageTooCostly):
        await images.page(stored(make(), media_type), 1)


async def test_many_images_at_once_take_turns(settings: Settings) -> None:
    """The images that a front holds in memory at a time are bounded, and each gets its turn."""
    images, held, most, over = ShownImages(settings), 0, 0, asyncio.Event()

    async def show() -> None:
        nonlocal held, most
        async with images.place():
            held += 1
            most = max(most, held)
            await over.wait()
            held -= 1

    async def end() -> None:
        over.set()

    async with asyncio.TaskGroup() as group:
        for _ in range(CROWD):
            group.create_task(show())
        # Those that have a place hold it until the last has come.
        group.create_task(end())

    assert most < CROWD
    assert held == 0
