"""A recognition child reports its stages and pages while it reads."""

import asyncio
import io
import os
from contextlib import ExitStack
from pathlib import Path

from shared.contracts.service.components import OcrEngineName
from shared.local.receipt_image import DrawnReceipt, draw_receipt
from tests.support.waiting import wait_until
from worker.features.child_reports import ChildReports
from worker.features.recognition import RecognitionPool
from worker.features.recognition_child import EngineChoice, FileLimits
from worker.pipeline.ocr.confined import PageLimits
from worker.pipeline.stages import StageRecorder, StageReport


def scan(receipt: DrawnReceipt, pages: int) -> bytes:
    """Return a PDF of `pages` pages, each a picture of the receipt."""
    image = draw_receipt(receipt)
    buffer = io.BytesIO()
    image.save(buffer, "PDF", save_all=True, append_images=[image] * (pages - 1))
    return buffer.getvalue()


async def test_every_stage_and_page_is_reported_before_the_reading_is_there(
    drawn: DrawnReceipt, receipt_png: bytes
) -> None:
    """An image is a single page. Each read has the reports of its own image only."""
    scanned: list[StageReport] = []
    drawn_reports: list[StageReport] = []
    pool = RecognitionPool(
        slots=1,
        engine=EngineChoice(OcrEngineName.AUTO),
        memory=4_000_000_000,
        limits=FileLimits(40_000_000, PageLimits(cpu=10, memory=1_000_000_000)),
    )
    await pool.start()
    try:
        recorder = StageRecorder(scanned.append)
        await pool.read(scan(drawn, pages=2), recorder)
        await pool.observe(receipt_png, StageRecorder(drawn_reports.append))
    finally:
        await pool.close()

    assert seen(scanned) == [
        ("ocr.preprocess", None, None),
        ("ocr.recognise", None, None),
        ("ocr.recognise", 0, 2),
        ("ocr.recognise", 1, 2),
        ("ocr.recognise", 2, 2),
        ("receipt.parse", None, None),
    ]
    assert [pages for _, _, pages in seen(drawn_reports)] == [None, None, 1, 1, None]
    begun = {report.stage: report.at_ns for report in scanned if report.pages is None}
    assert begun == {stage.name: stage.start_ns for stage in recorder.stages}


def seen(reports: list[StageReport]) -> list[tuple[str, int | None, int | None]]:
    """Return the reports without their times."""
    return [(report.stage, report.pages_read, report.pages) for report in reports]


async def test_many_reports_at_once_arrive_whole(tmp_path: Path) -> None:
    """The reports are more than one read of the pipe returns."""
    heard: list[list[StageReport]] = [[] for _ in range(4)]
    reports = ChildReports(str(tmp_path))
    with ExitStack() as stack:
        reporters = [stack.enter_context(reports.passing_on(of_image.append)) for of_image in heard]

        def report(image: int) -> None:
            for page in range(1_000):
                reporters[image](StageReport("ocr.recognise", 0, page, page))

        await asyncio.gather(*(asyncio.to_thread(report, image) for image in range(4)))
        await wait_until(lambda: sum(map(len, heard)) == 4_000, "every report arrived")
    reports.close()

    assert [[report.pages for report in of_image] for of_image in heard] == [[*range(1_000)]] * 4


async def test_a_report_that_cannot_be_written_is_dropped(tmp_path: Path) -> None:
    """Whatever became of the pipe, the reading goes on."""
    heard: list[StageReport] = []
    reports = ChildReports(str(tmp_path))
    with reports.passing_on(heard.append) as reporter:
        os.unlink(reporter.pipe)
        os.mkdir(reporter.pipe)
        reporter(StageReport("ocr.recognise", 0))
    reports.close()

    assert heard == []
