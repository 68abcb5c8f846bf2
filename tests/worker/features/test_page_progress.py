"""A recognition child reports how many pages it has read while it reads."""

import asyncio
import io

import pytest

from shared.contracts.service.components import OcrEngineName
from shared.local.receipt_image import DrawnReceipt, draw_receipt
from tests.support.waiting import wait_until
from worker.features.page_progress import receiving_page_reports
from worker.features.recognition import RecognitionPool
from worker.pipeline.stages import StageRecorder


def scan(receipt: DrawnReceipt, pages: int) -> bytes:
    """Return a PDF of `pages` pages, each a picture of the receipt."""
    image = draw_receipt(receipt)
    buffer = io.BytesIO()
    image.save(buffer, "PDF", save_all=True, append_images=[image] * (pages - 1))
    return buffer.getvalue()


async def test_every_page_of_a_scan_is_reported(drawn: DrawnReceipt, receipt_png: bytes) -> None:
    """Reports carry the number of the file, and an image is a single page."""
    heard: list[tuple[int, int, int]] = []
    pool = RecognitionPool(
        slots=1, engine=OcrEngineName.AUTO, memory=4_000_000_000, max_pixels=40_000_000
    )
    await pool.start()
    try:
        with receiving_page_reports(lambda *report: heard.append(report)) as reporter_of:
            await pool.read(scan(drawn, pages=3), StageRecorder(), reporter_of(0))
            await pool.observe(receipt_png, StageRecorder(), reporter_of(1))
            await wait_until(lambda: len(heard) == 6, "every report arrived")
    finally:
        await pool.close()

    assert heard == [(0, 0, 3), (0, 1, 3), (0, 2, 3), (0, 3, 3), (1, 0, 1), (1, 1, 1)]


async def test_many_reports_at_once_arrive_whole() -> None:
    """The reports are more than one read of the pipe returns."""
    heard: list[tuple[int, int, int]] = []
    with receiving_page_reports(lambda *report: heard.append(report)) as reporter_of:
        reporters = [reporter_of(file) for file in range(4)]

        def report(file: int) -> None:
            for page in range(3_000):
                reporters[file](page, 3_000)

        await asyncio.gather(*(asyncio.to_thread(report, file) for file in range(4)))
        await wait_until(lambda: len(heard) == 12_000, "every report arrived")

    assert sorted(heard) == [(file, page, 3_000) for file in range(4) for page in range(3_000)]
    with pytest.raises(FileNotFoundError):
        reporters[0](0, 1)
