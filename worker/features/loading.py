"""Loads the components of a worker at its start, and takes them down at its end."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import AsyncExitStack

import structlog

from shared.contracts.components import Component, ComponentReport, ComponentStatus
from shared.contracts.features import Feature, Queue
from shared.errors import EngineUnavailable
from shared.settings import Settings
from worker.features.item_models import ItemModels
from worker.features.recognition import RecognitionPool
from worker.features.runners import Features, Run
from worker.pipeline.ocr.engines.tesseract import is_installed
from worker.telemetry.state import WorkerState

log = structlog.get_logger(__name__)

Loader = Callable[[Settings, WorkerState, AsyncExitStack], Awaitable[Mapping[Feature, Run]]]


def expected_components(queues: Collection[Queue]) -> dict[Component, ComponentReport]:
    """The reports of a worker that starts: `loading` for the components that its queues need."""
    ocr: ComponentStatus = "loading" if Queue.RECEIPTS in queues else "not_loaded"
    tesseract: ComponentStatus = "available" if is_installed() else "not_installed"
    return {
        Component.OCR: ComponentReport(status=ocr),
        Component.TESSERACT: ComponentReport(status=tesseract),
        # Receipts need them too, for the categories of their items.
        Component.CLASSIFIER: ComponentReport(status="loading"),
        Component.EMBEDDING_MODEL: ComponentReport(status="loading"),
    }


def settle(components: dict[Component, ComponentReport]) -> None:
    """Mark what the loader left alone as not needed. Call it when the loader is done."""
    for name, report in components.items():
        if report.status == "loading":
            components[name] = ComponentReport(status="not_loaded")


async def load_features(
    settings: Settings, state: WorkerState, stack: AsyncExitStack
) -> Mapping[Feature, Run]:
    """Load every component that the queues need. `state` shows what is loaded by now, and `stack`
    takes it down. Raises EngineUnavailable for a model of the items queue."""
    models = ItemModels.of(settings, settings.item_slots)
    stack.push_async_callback(models.close)
    await models.start()
    state.components[Component.CLASSIFIER] = ComponentReport(
        status="ok", model=models.classifier.model_id
    )
    state.components[Component.EMBEDDING_MODEL] = ComponentReport(
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
        state.components[Component.OCR] = await _started(recognition)
    return Features(recognition, models).runners()


async def _started(recognition: RecognitionPool) -> ComponentReport:
    """A worker without its OCR engine serves on: it refuses receipts, and says why."""
    try:
        return ComponentReport(status="ok", model=" ".join(await recognition.start()))
    except EngineUnavailable as error:
        log.error("worker.engine_unavailable", reason=error.detail)  # noqa: TRY400 (no traceback)
        return ComponentReport(status="unavailable", error=error.detail)
