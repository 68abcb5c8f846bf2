"""Recognition children are warm and expendable: nothing that happens to one harms the worker."""

import asyncio
import signal
import tempfile
from collections.abc import AsyncIterator
from decimal import Decimal
from functools import partial
from pathlib import Path

import psutil
import pytest
from PIL import Image

from shared.contracts.service.components import OcrEngineName
from shared.errors import EngineUnavailable, RecognitionCrashed
from shared.local.receipt_image import DrawnItem, DrawnReceipt, draw_receipt, encode
from shared.rejections import ImageUnreadable, NoTextFound
from tests.support.processes.alive import is_alive
from tests.support.waiting import wait_until
from worker.features.recognition import RecognitionPool
from worker.features.recognition_child import EngineChoice, FileLimits
from worker.pipeline.ocr.confined import PageLimits
from worker.pipeline.stages import StageRecorder

FILES = FileLimits(40_000_000, PageLimits(cpu=10, memory=1_000_000_000))


@pytest.fixture
async def pool() -> AsyncIterator[RecognitionPool]:
    """Started pool with one slot; fails if a child outlives it."""
    pool = RecognitionPool(
        slots=1, engine=EngineChoice(OcrEngineName.AUTO), memory=4_000_000_000, limits=FILES
    )
    await pool.start()
    yield pool
    await pool.close()
    assert children() == []


@pytest.fixture(autouse=True)
def scratch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Give each test a temporary folder of its own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.fixture(scope="module")
def long_receipt() -> bytes:
    """Image of a receipt that takes seconds to read."""
    items = [DrawnItem(f"Item number {n}", Decimal(n)) for n in range(45)]
    return encode(draw_receipt(DrawnReceipt(items=items)))


async def test_a_child_reads_a_receipt(
    pool: RecognitionPool, receipt_png: bytes, drawn: DrawnReceipt
) -> None:
    """The reading comes with its stages and the engine."""
    recorder = StageRecorder()
    reading = await pool.read(receipt_png, recorder)

    assert reading.extraction.total.amount == drawn.total
    assert reading.engine == "rapidocr"
    assert "PP-OCRv6" in reading.engine_version
    assert [stage.name for stage in recorder.stages] == [
        "ocr.preprocess",
        "ocr.recognise",
        "receipt.parse",
    ]


@pytest.mark.skipif(not Path("/proc/self/oom_score_adj").exists(), reason="Linux only")
async def test_a_child_ends_before_the_worker_if_memory_runs_out(pool: RecognitionPool) -> None:
    """Linux ends the process with the highest score."""
    (child,) = children()

    assert oom_score(str(child.pid)) == 1000
    assert oom_score("self") < 1000


async def test_an_idle_child_keeps_no_memory_of_what_it_read(
    pool: RecognitionPool, receipt_png: bytes
) -> None:
    """Detection alone needs more than 100 MB."""
    (child,) = children()
    loaded = child.memory_info().rss
    await pool.read(receipt_png, StageRecorder())

    assert child.memory_info().rss - loaded < 40_000_000


async def test_an_observed_reading_comes_with_its_evidence(
    pool: RecognitionPool, receipt_png: bytes, blank_png: bytes
) -> None:
    """The reading is the same as without evidence, and a receipt that cannot be read has evidence
    too."""
    read = await pool.read(receipt_png, StageRecorder())
    observed = await pool.observe(receipt_png, StageRecorder())
    blank = await pool.observe(blank_png, StageRecorder())

    assert observed.outcome == read
    (page,) = observed.evidence.pages
    assert page.jpeg
    assert {word.text for line in page.lines for word in line.words} >= {"TOTAL", "GBP"}
    assert all(word.right <= page.width for line in page.lines for word in line.words)
    assert observed.evidence.cpu_seconds > 0
    assert observed.evidence.peak_bytes > 50_000_000
    assert isinstance(blank.outcome, NoTextFound)
    assert [page.lines for page in blank.evidence.pages] == [[]]


async def test_a_thin_image_costs_no_more_than_its_pixels() -> None:
    """An engine that padded the image to a square would need gigabytes."""
    pool = RecognitionPool(
        slots=1,
        engine=EngineChoice(OcrEngineName.AUTO),
        memory=1_500_000_000,
        limits=FILES,
    )
    await pool.start()
    try:
        for size in ((12000, 40), (40, 12000), (3000, 1)):
            with pytest.raises(NoTextFound):
                await pool.read(encode(Image.new("RGB", size, "white")), StageRecorder())
    finally:
        await pool.close()


async def test_an_error_of_the_child_is_raised_in_the_parent(
    pool: RecognitionPool, receipt_png: bytes, blank_png: bytes
) -> None:
    """The error keeps its type, and the child lives on."""
    before = children()
    with pytest.raises(NoTextFound):
        await pool.read(blank_png, StageRecorder())
    recorder = StageRecorder()
    with pytest.raises(ImageUnreadable):
        await pool.read(receipt_png[:2000], recorder)

    assert [stage.name for stage in recorder.stages] == ["ocr.preprocess"]
    assert children() == before


async def test_a_child_that_is_killed_fails_only_its_own_read(
    pool: RecognitionPool, receipt_png: bytes, long_receipt: bytes
) -> None:
    """The next read gets a new child."""
    reading = asyncio.create_task(pool.read(long_receipt, StageRecorder()))
    (victim,) = await busy_children()
    victim.send_signal(signal.SIGKILL)

    with pytest.raises(RecognitionCrashed):
        await reading
    assert (await pool.read(receipt_png, StageRecorder())).extraction.line_items


async def test_a_child_that_dies_idle_is_replaced(
    pool: RecognitionPool, receipt_png: bytes
) -> None:
    """Pebble closes the pool of such a child, so the slot needs a new one."""
    (victim,) = children()
    victim.send_signal(signal.SIGKILL)

    assert (await pool.read(receipt_png, StageRecorder())).extraction.line_items


async def test_a_cancelled_read_stops_at_once(
    pool: RecognitionPool, receipt_png: bytes, long_receipt: bytes
) -> None:
    """The child is killed, even during a long call into a library."""
    reading = asyncio.create_task(pool.read(long_receipt, StageRecorder()))
    (victim,) = await busy_children()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading

    await wait_until(lambda: not victim.is_running(), "the child was killed", within=2)
    assert (await pool.read(receipt_png, StageRecorder())).extraction.line_items


async def test_a_child_cannot_exceed_its_memory_limit(long_receipt: bytes) -> None:
    """An image that needs too much ends a child, and not the machine."""
    pool = RecognitionPool(
        slots=1, engine=EngineChoice(OcrEngineName.AUTO), memory=300_000_000, limits=FILES
    )

    async def start_and_read() -> None:
        await pool.start()
        await pool.read(long_receipt, StageRecorder())

    with pytest.raises(RecognitionCrashed):
        await start_and_read()
    await pool.close()


async def test_a_missing_engine_is_not_a_crash(
    monkeypatch: pytest.MonkeyPatch, receipt_png: bytes
) -> None:
    """Every read says what is missing, and no other engine takes over."""
    monkeypatch.setenv("PATH", "/nowhere")
    pool = RecognitionPool(
        slots=1, engine=EngineChoice(OcrEngineName.TESSERACT), memory=4_000_000_000, limits=FILES
    )

    for attempt in (pool.start, partial(pool.read, receipt_png, StageRecorder())):
        with pytest.raises(EngineUnavailable, match="tesseract"):
            await attempt()
    await pool.close()


@pytest.mark.needs_program("tesseract")
async def test_the_program_that_a_child_started_ends_with_it(long_receipt: bytes) -> None:
    """A cancelled read leaves no tesseract process and no temporary image."""
    pool = RecognitionPool(
        slots=1, engine=EngineChoice(OcrEngineName.TESSERACT), memory=4_000_000_000, limits=FILES
    )
    await pool.start()
    reading = asyncio.create_task(pool.read(long_receipt, StageRecorder()))
    await wait_until(lambda: bool(tesseracts()), "tesseract ran")
    programs = tesseracts()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading

    await wait_until(lambda: not any(map(is_alive, programs)), "it ended", within=2)
    before = scratch_folders()
    await pool.close()
    assert len(before) == 1
    assert scratch_folders() == []


def tesseracts() -> list[psutil.Process]:
    """Return the tesseract processes that our children started."""
    running = psutil.Process().children(recursive=True)
    return [process for process in running if process.name() == "tesseract"]


def scratch_folders() -> list[Path]:
    """Return the folders in which children of this test's pools keep temporary files."""
    return list(Path(tempfile.gettempdir()).glob("grocery-planner-ai-*"))


def children() -> list[psutil.Process]:
    """Return the recognition children of this process."""
    return [child for child in psutil.Process().children() if _recognises(child)]


async def busy_children() -> list[psutil.Process]:
    """Wait until every recognition child has used CPU time, and return them."""
    before = {child.pid: _cpu(child) for child in children()}
    await wait_until(
        lambda: all(_cpu(child) > before[child.pid] + 0.3 for child in children()),
        "the children were busy",
    )
    return children()


def _recognises(child: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(child.cmdline())
    except psutil.NoSuchProcess:
        return False


def _cpu(child: psutil.Process) -> float:
    return sum(child.cpu_times()[:2])


def oom_score(process: str) -> int:
    """Return what proc_pid_oom_score_adj(5) has for a process."""
    return int(Path(f"/proc/{process}/oom_score_adj").read_text())
