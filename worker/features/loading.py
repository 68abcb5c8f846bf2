"""The engines of a worker: loaded at its start, told in its state, taken down at its end."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import AsyncExitStack

import structlog

from shared.contracts.features import Feature, Queue
from shared.contracts.workers import EngineReport, EngineStatus
from shared.errors import EngineUnavailable
from shared.settings import Settings
from worker.features.item_models import ItemModels
from worker.features.recognition import RecognitionPool
from worker.features.runners import Features, Run
from worker.pipeline.ocr.engines.tesseract import is_installed
from worker.telemetry.state import WorkerState

log = structlog.get_logger(__name__)

Loader = Callable[[Settings, WorkerState, AsyncExitStack], Awaitable[Mapping[Feature, Run]]]


def expected_engines(queues: Collection[Queue]) -> dict[str, EngineReport]:
    """The reports of a worker that begins: `loading` for the engines that its queues need."""
    ocr: EngineStatus = "loading" if Queue.RECEIPTS in queues else "not_loaded"
    return {
        "ocr": EngineReport(status=ocr),
        "tesseract": EngineReport(status="available" if is_installed() else "not_installed"),
        # Receipts need them too: for the categories of their items.
        "classifier": EngineReport(status="loading"),
        "embedding_model": EngineReport(status="loading"),
    }


def settle(engines: dict[str, EngineReport]) -> None:
    """Call when the loader is done: what it left alone is not needed, so nobody waits for it."""
    for name, report in engines.items():
        if report.status == "loading":
            engines[name] = EngineReport(status="not_loaded")


async def load_features(
    settings: Settings, state: WorkerState, stack: AsyncExitStack
) -> Mapping[Feature, Run]:
    """Load every engine that the queues need; `state` tells what is loaded by now, and `stack`
    takes it down."""
    models = ItemModels.of(settings, settings.item_slots)
    stack.push_async_callback(models.close)
    await models.start()
    state.engines["classifier"] = EngineReport(status="ok", model=models.classifier.model_id)
    state.engines["embedding_model"] = EngineReport(
        status="available", model=models.embedder.model_id
    )
    recognition = None
    if Queue.RECEIPTS in settings.worker_queues:
        recognition = RecognitionPool(
            slots=settings.receipt_slots,
            engine=settings.ocr_engine,
            memory=settings.recognition_memory,
            max_pixels=settings.max_image_pixels,
        )
        stack.push_async_callback(recognition.close)
        state.engines["ocr"] = await _started(recognition)
    return Features(recognition, models).runners()


async def _started(recognition: RecognitionPool) -> EngineReport:
    """Without its engine a worker serves on: it refuses receipts, and says why."""
    try:
        return EngineReport(status="ok", model=" ".join(await recognition.start()))
    except EngineUnavailable as error:
        log.error("worker.engine_unavailable", reason=error.detail)  # noqa: TRY400 (no traceback)
        return EngineReport(status="unavailable", error=error.detail)
