"""Small files that take much CPU time or memory to decode cost their limits, and nothing else."""

import asyncio
import signal
import struct
from collections.abc import AsyncIterator, Callable

import psutil
import pytest
import pytest_asyncio
from PIL import Image

from shared.contracts.service.components import OcrEngineName
from shared.errors import RecognitionCrashed, ServiceError
from shared.images.inspection import ImageLimits, inspect
from shared.local.receipt_image import encode
from shared.rejections import (
    ImageTooCostly,
    ImageTooManyPixels,
    ImageUnreadable,
    NoTextFound,
)
from tests.support.files import costly
from tests.support.waiting import wait_until
from worker.features.recognition import RecognitionPool
from worker.features.recognition_child import EngineChoice, FileLimits
from worker.pipeline.ocr.confined import PageLimits
from worker.pipeline.stages import StageRecorder

FRONT = ImageLimits(max_bytes=10_000_000, max_pixels=40_000_000)
# The limits of the pool below. CPU time is counted in whole seconds.
PAGE = PageLimits(cpu=1, memory=300_000_000)


def jpeg_of_declared_size(width: int, height: int) -> bytes:
    """Return a JPEG whose header declares another size than that of its picture."""
    small = encode(Image.new("RGB", (64, 32)), "JPEG")
    return small.replace(struct.pack(">HH", 32, 64), struct.pack(">HH", height, width))


@pytest.mark.parametrize(
    ("make", "error"),
    [
        pytest.param(
            lambda: costly.heic_of_declared_size(65_000, 65_000), ImageTooManyPixels, id="HEIC"
        ),
        pytest.param(
            lambda: costly.png_of_declared_size(1, 39_000_000), ImageTooManyPixels, id="thin PNG"
        ),
        pytest.param(lambda: jpeg_of_declared_size(65_500, 65_500), ImageTooManyPixels, id="JPEG"),
        pytest.param(costly.many_segments, ImageUnreadable, id="JPEG of many segments"),
    ],
)
def test_the_front_refuses_by_the_header(
    make: Callable[[], bytes], error: type[ServiceError]
) -> None:
    """None of these reaches a worker."""
    with pytest.raises(error):
        inspect(make(), FRONT)


def test_the_front_does_not_list_the_chunks_of_a_png() -> None:
    """The size is in the first one. Reading 800,000 of them would stop the front for seconds."""
    info = inspect(costly.many_chunks(), FRONT)

    assert (info.width, info.height) == (8, 8)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool() -> AsyncIterator[RecognitionPool]:
    """A pool of one child with tight limits."""
    pool = RecognitionPool(
        slots=1,
        engine=EngineChoice(OcrEngineName.AUTO),
        memory=2_000_000_000,
        limits=FileLimits(40_000_000, PAGE),
    )
    await pool.start()
    yield pool
    await pool.close()


@pytest.mark.slow
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        pytest.param(costly.nested_forms, "1 seconds|300 MB", id="forms in forms"),
        pytest.param(costly.shadings, "1 seconds", id="shadings"),
        pytest.param(costly.tiling, "1 seconds", id="tiny tiles"),
        pytest.param(costly.many_scans, "1 seconds", id="JPEG of many scans"),
        pytest.param(lambda: costly.png(6_300, 6_300, 6), "300 MB", id="large transparent PNG"),
        pytest.param(lambda: costly.long_text(8_000), "characters", id="long text layer"),
    ],
)
async def test_a_costly_file_is_refused_and_the_child_lives_on(
    pool: RecognitionPool, make: Callable[[], bytes], reason: str
) -> None:
    """The error is the caller's, so the job is not tried again; the engine stays loaded."""
    (before,) = children()
    with pytest.raises(ImageTooCostly, match=reason):
        await pool.read(make(), StageRecorder())
    with pytest.raises(NoTextFound):
        await pool.read(encode(Image.new("RGB", (64, 64), "white")), StageRecorder())

    assert children() == [before]


@pytest.mark.slow
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_a_signal_from_outside_is_a_crash(
    pool: RecognitionPool, number: signal.Signals
) -> None:
    """The file is not at fault, so the job is tried again: nobody knows why the process ended."""
    (child,) = children()
    ended: list[psutil.Process] = []

    async def end_the_loader() -> None:
        await wait_until(lambda: bool(child.children()), "the file was being loaded")
        ended.extend(child.children())
        ended[0].send_signal(number)

    async with asyncio.TaskGroup() as group:
        group.create_task(end_the_loader())
        with pytest.raises(RecognitionCrashed):
            await pool.read(costly.nested_forms(), StageRecorder())

    assert ended
    assert children() == [child]


@pytest.mark.slow
@pytest.mark.asyncio(loop_scope="module")
async def test_the_loading_process_ends_with_its_child(pool: RecognitionPool) -> None:
    """A cancelled job leaves nothing that goes on drawing."""
    (child,) = children()
    ended: list[psutil.Process] = []

    async def end_the_child() -> None:
        await wait_until(lambda: bool(child.children()), "the file was being loaded")
        ended.extend(child.children())
        child.kill()

    async with asyncio.TaskGroup() as group:
        group.create_task(end_the_child())
        with pytest.raises(RecognitionCrashed):
            await pool.read(costly.nested_forms(), StageRecorder())

    await wait_until(lambda: not ended[0].is_running(), "the loading process ended", within=2)


def children() -> list[psutil.Process]:
    """Return the recognition children of this process."""
    found = psutil.Process().children()
    return [child for child in found if "spawn_main" in " ".join(child.cmdline())]
