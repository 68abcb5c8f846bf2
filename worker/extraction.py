"""Many files at once, without queue or database: the same features that a worker runs."""

import asyncio
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
from worker.features import Features, Work
from worker.item_models import ItemModels
from worker.pipeline.stages import StageLog
from worker.recognition import RecognitionPool


@dataclass(frozen=True)
class FileReading:
    """A file with what was read, or why nothing was. One of the two is None."""

    path: Path
    receipt: RichReceipt | None
    error: ServiceError | None

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
        features = Features(recognition, models)
        slots = asyncio.Semaphore(settings.receipt_slots)

        async def read(path: Path) -> None:
            async with slots:
                finished(await _read(path, features, settings, labels))

        async with asyncio.TaskGroup() as group:
            for path in files:
                group.create_task(read(path))


async def _read(
    path: Path, features: Features, settings: PipelineSettings, labels: Sequence[str] | None
) -> FileReading:
    limits = ImageLimits(max_bytes=settings.max_image_bytes, max_pixels=settings.max_image_pixels)
    try:
        content = await asyncio.to_thread(path.read_bytes)
        inspect(content, limits)
        options = {"candidate_labels": list(labels)} if labels else {}
        work = Work(payload={"options": options}, image=content, request_id=None, log=StageLog())
        async with asyncio.timeout(settings.receipt_timeout):
            product = await features.extract_receipt(work)
    except TimeoutError:
        return FileReading(path, None, TimedOut())
    except OSError as error:
        return FileReading(path, None, ImageUnreadable(f"{error.strerror}."))
    except ServiceError as error:
        return FileReading(path, None, error)
    return FileReading(path, RichReceipt.model_validate(product.output), None)
