"""Read many files at once with the features of a worker, without a queue or a database."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from shared.contracts.receipts.requests import ExtractionOptions
from shared.contracts.receipts.rich import RichReceipt
from shared.errors import ServiceError, TimedOut
from shared.images.inspection import ImageLimits, inspect
from shared.pipeline_settings import PipelineSettings
from shared.rejections import ImageUnreadable
from worker.features.item_models import ItemModels
from worker.features.recognition import RecognitionPool
from worker.features.runners import Features, Product, Work
from worker.pipeline.observation import Evidence
from worker.pipeline.stages import OnReport, StageRecorder, StageReport


@dataclass(frozen=True)
class FileReading:
    """A file, with the receipt that was read or the error that prevented it; the other is None.

    `evidence` is None unless it was asked for and a recognition child read the file.
    """

    path: Path
    receipt: RichReceipt | None
    error: ServiceError | None
    evidence: Evidence | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the reading as it is shown in `extract --json`."""
        error = self.error
        return {
            "path": str(self.path),
            "receipt": self.receipt and self.receipt.model_dump(mode="json"),
            "error": error and {
                "code": error.code, "error_class": error.error_class, "detail": error.detail,
            },
        }  # fmt: skip


class ReadingListener(Protocol):
    """Is called while files are being read. `file` is the index of a file, from 0."""

    def pages(self, file: int, read: int, pages: int) -> None:
        """Take note that `read` of the `pages` pages of a file have been read."""

    def finished(self, file: int, reading: FileReading) -> None:
        """Take note that a file has been read, or that it cannot be."""


async def extract_files(
    files: Sequence[Path],
    settings: PipelineSettings,
    options: ExtractionOptions,
    listener: ReadingListener,
    *,
    with_evidence: bool = False,
) -> None:
    """Read all files with the same options, `settings.receipt_slots` at a time.

    What goes wrong with one file is in its reading. Raises EngineUnavailable if an engine or model
    cannot be loaded, and RecognitionCrashed if a recognition child dies while it loads one.
    """
    async with AsyncExitStack() as stack:
        models = ItemModels.from_settings(settings)
        stack.push_async_callback(models.close)
        await models.start()
        recognition = RecognitionPool.from_settings(
            settings, slots=min(settings.receipt_slots, len(files))
        )
        stack.push_async_callback(recognition.close)
        await recognition.start()
        features = Features(recognition, models, settings.default_currency)
        reader = _Reader(recognition, features, settings, options)
        slots = asyncio.Semaphore(settings.receipt_slots)

        async def read(number: int, path: Path) -> None:
            async with slots:
                on_report = partial(_count_pages, listener, number)
                reading = await reader.read(path, on_report, with_evidence=with_evidence)
                listener.finished(number, reading)

        try:
            async with asyncio.TaskGroup() as group:
                for number, path in enumerate(files):
                    group.create_task(read(number, path))
        except ExceptionGroup as errors:
            # The first one, such as that of a full disk, has ended the reading of all files.
            raise errors.exceptions[0] from errors


def _count_pages(listener: ReadingListener, file: int, report: StageReport) -> None:
    if report.pages_read is not None and report.pages is not None:
        listener.pages(file, report.pages_read, report.pages)


@dataclass(frozen=True)
class _Reader:
    recognition: RecognitionPool
    features: Features
    settings: PipelineSettings
    options: ExtractionOptions

    async def read(self, path: Path, on_report: OnReport, *, with_evidence: bool) -> FileReading:
        """Read one file. An error of the file becomes part of its reading and is not raised."""
        seen: list[Evidence] = []
        try:
            work = await self._work(path, on_report)
            async with asyncio.timeout(self.settings.receipt_timeout):
                product = await (
                    self._observe(work, seen)
                    if with_evidence
                    else self.features.extract_receipt(work)
                )
        except TimeoutError:
            return FileReading(path, None, TimedOut())
        except OSError as error:
            return FileReading(path, None, ImageUnreadable(f"{error.strerror}."))
        except ServiceError as error:
            return FileReading(path, None, error, *seen)
        return FileReading(path, RichReceipt.model_validate(product.output), None, *seen)

    async def _work(self, path: Path, on_report: OnReport) -> Work:
        content = await asyncio.to_thread(path.read_bytes)
        limits = ImageLimits(
            max_bytes=self.settings.max_image_bytes, max_pixels=self.settings.max_image_pixels
        )
        inspect(content, limits)
        return Work(
            payload={"options": self.options.model_dump(mode="json")},
            image=content,
            request_id=None,
            recorder=StageRecorder(on_report),
        )

    async def _observe(self, work: Work, seen: list[Evidence]) -> Product:
        started = time.perf_counter()
        observation = await self.recognition.observe(
            work.image or b"", work.recorder, self.features.hints_of(work)
        )
        seen.append(observation.evidence)
        if isinstance(observation.outcome, ServiceError):
            raise observation.outcome
        return await self.features.as_receipt(observation.outcome, work, started)
