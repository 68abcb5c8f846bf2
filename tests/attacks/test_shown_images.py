"""Showing an image costs a front no more than its limits, whatever bytes were sent as one."""

import asyncio
import signal
from collections.abc import Callable

import psutil
import pytest

from api.shown_images import ShownImages, why_not_shown
from shared.errors import Busy, RecognitionCrashed
from shared.images.headers import JPEG
from shared.images.inspection import PDF
from shared.images.shown import Status
from shared.rejections import ImageTooCostly
from shared.settings import Settings
from shared.store.images.reading import StoredImage
from tests.support.files import costly

# More than may be shown at once.
CROWD = 12


def stored(content: bytes, media_type: str) -> StoredImage:
    return StoredImage(content, media_type)


def is_showing(process: psutil.Process) -> bool:
    """Return whether a process shows an image."""
    return "shared.images.showing" in process.cmdline()


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

    async def show(number: int) -> None:
        nonlocal held, most
        async with images.place(f"tenant-{number}"):
            held += 1
            most = max(most, held)
            await over.wait()
            held -= 1

    async def end() -> None:
        over.set()

    async with asyncio.TaskGroup() as group:
        for number in range(CROWD):
            group.create_task(show(number))
        # Those that have a place hold it until the last has come.
        group.create_task(end())

    assert most < CROWD
    assert held == 0


async def test_a_tenant_leaves_places_to_others(settings: Settings) -> None:
    """Who shows many images at once waits for the first of them, and nobody else does."""
    images, over = ShownImages(settings), asyncio.Event()

    async def show() -> None:
        async with images.place("greedy"):
            await over.wait()

    async with asyncio.TaskGroup() as group:
        for _ in range(CROWD):
            group.create_task(show())
        await asyncio.sleep(0)
        async with asyncio.timeout(5), images.place("modest"):
            over.set()


async def test_a_process_that_hangs_is_ended(settings: Settings) -> None:
    """A process that waits uses no CPU time, so that limit alone would keep its place for good."""
    images = ShownImages(settings, longest=0)

    with pytest.raises(Busy):
        await images.page(stored(costly.raw_pdf(b""), PDF), 1)

    assert not [child for child in psutil.Process().children() if is_showing(child)]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (-signal.SIGXCPU, ImageTooCostly),
        (Status.TOO_COSTLY, ImageTooCostly),
        (-signal.SIGKILL, RecognitionCrashed),
        (-signal.SIGSEGV, RecognitionCrashed),
        (1, RecognitionCrashed),
    ],
)
def test_only_a_limit_makes_an_image_too_costly(status: int, error: type[Exception]) -> None:
    """A fault of ours is not the caller's."""
    assert isinstance(why_not_shown(status), error)
