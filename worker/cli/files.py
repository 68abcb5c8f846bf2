"""Many files at once, without queue or database: the same features that a worker runs."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.contracts.receipts import RichReceipt
from shared.errors import ServiceError, TimedOut
from shared.images import ImageLimits, inspect
from shared.rejections import ImageUnreadable
from shared.settings import PipelineSettings
from worker.features.item_models import ItemModels
from worker.features.recognition import RecognitionPool
from worker.features.runners import Features, Product, Work
from worker.pipeline.observation import Evidence
from worker.pipeline.stages import StageRecorder


@dataclass(frozen=True)
class FileReading:
    """A file with what was read, or why nothing was: one of the two is None. The evidence is
    there when it was asked for and the file could be given to a child."""

    path: Path
    receipt: RichReceipt | None
    error: ServiceError | None
    evidence: Evidence | None = None

    def as_json(self) -> dict[str, Any]:
        """For people who script."""
        error = self.error
        return {
            "path": str(self.path),
            "receipt": self.receipt and self.receipt.model_dump(mode="json"),
            "error": error and {
                "code": error.code, "error_class": error.error_class, "detail": error.detail,
            },
        }  # fmt: skip


async def extract_files(
    files: Sequence[Path],
    settings: PipelineSettings,
    labels: Sequence[str] | None,
    finished: Callable[[FileReading], None],
    *,
    with_evidence: bool = False,
) -> None:
    """Read all files, RECEIPT_SLOTS at a time; `finished` hears of each as it ends.

    Raises EngineUnavailable when there is nothing to read with, RecognitionCrashed when it dies of
    being loaded.
    """
    async with AsyncExitStack() as stack:
        models = ItemModels.of(settings, settings.item_slots)
        stack.push_async_callback(models.close)
        if labels:
            await models.start()
        recognition = RecognitionPool(
            slots=min(settings.receipt_slots, len(files)),
            engine=settings.ocr_engine,
            memory=settings.recognition_memory,
            max_pixels=settings.max_image_pixels,
        )
        stack.push_async_callback(recognition.close)
        await recognition.start()
        reader = _Reader(recognition, Features(recognition, models), settings, labels)
        slots = asyncio.Semaphore(settings.receipt_slots)

        async def read(path: Path) -> None:
            async with slots:
                finished(await reader.read(path, with_evidence=with_evidence))

        async with asyncio.TaskGroup() as group:
            for path in files:
                group.create_task(read(path))


@dataclass(frozen=True)
class _Reader:
    recognition: RecognitionPool
    features: Features
    settings: PipelineSettings
    labels: Sequence[str] | None

    async def read(self, path: Path, *, with_evidence: bool) -> FileReading:
        """Never fails: what goes wrong with a file is its result."""
        seen: list[Evidence] = []
        try:
            work = await self._work(path)
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

    async def _work(self, path: Path) -> Work:
        content = await asyncio.to_thread(path.read_bytes)
        limits = ImageLimits(
            max_bytes=self.settings.max_image_bytes, max_pixels=self.settings.max_image_pixels
        )
        inspect(content, limits)
        options = {"candidate_labels": list(self.labels)} if self.labels else {}
        return Work(
            payload={"options": options}, image=content, request_id=None, recorder=StageRecorder()
        )

    async def _observe(self, work: Work, seen: list[Evidence]) -> Product:
        started = time.perf_counter()
        observation = await self.recognition.observe(work.image or b"", work.recorder)
        seen.append(observation.evidence)
        if isinstance(observation.outcome, ServiceError):
            raise observation.outcome
        return await self.features.as_receipt(observation.outcome, work, started)
