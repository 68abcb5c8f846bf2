"""Loads the components of a worker at its start, and closes them at its end."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import AsyncExitStack

import structlog

from shared.contracts.features import Feature, Queue
from shared.contracts.service.components import (
    Component,
    ComponentReport,
    ComponentStatus,
    OcrEngineName,
    OcrPrecision,
)
from shared.errors import EngineUnavailable
from shared.settings import Settings
from worker.features.item_models import ItemModels
from worker.features.recognition import RecognitionPool
from worker.features.runners import Features, Run
from worker.pipeline.meaning.configured_models import lacking_multilingual_model
from worker.pipeline.ocr.engines.tesseract import is_installed
from worker.pipeline.ocr.models.kept_model import load_kept_model
from worker.telemetry.state import WorkerState

log = structlog.get_logger(__name__)

Loader = Callable[[Settings, WorkerState, AsyncExitStack], Awaitable[Mapping[Feature, Run]]]


def expected_components(queues: Collection[Queue]) -> dict[Component, ComponentReport]:
    """Return the reports of a starting worker: `loading` for each component its queues need."""
    ocr: ComponentStatus = "loading" if Queue.RECEIPTS in queues else "not_loaded"
    tesseract: ComponentStatus = "available" if is_installed() else "not_installed"
    return {
        Component.OCR: ComponentReport(status=ocr),
        Component.TESSERACT: ComponentReport(status=tesseract),
        # The receipts queue needs these too, for the categories of line items.
        Component.CLASSIFIER: ComponentReport(status="loading"),
        Component.EMBEDDING_MODEL: ComponentReport(status="loading"),
    }


def settle(components: dict[Component, ComponentReport]) -> None:
    """Mark components that are still `loading` after the loader has returned as `not_loaded`."""
    for name, report in components.items():
        if report.status == "loading":
            components[name] = ComponentReport(status="not_loaded")


async def load_features(
    settings: Settings, state: WorkerState, stack: AsyncExitStack
) -> Mapping[Feature, Run]:
    """Load every component that the queues need; return a runner for each feature.

    `state` shows each component as soon as it is loaded, and `stack` closes it. Raises
    EngineUnavailable if the classifier or the embedding model cannot be loaded.
    """
    models = ItemModels.from_settings(settings)
    stack.push_async_callback(models.close)
    recognition = _recognition(settings)
    # The children load in the background, since their engine takes as long as the models.
    ocr = asyncio.create_task(_start(recognition, state))
    if recognition is not None:
        stack.push_async_callback(recognition.close)
    try:
        await models.start()
        state.components[Component.CLASSIFIER] = ComponentReport(
            status="ok", model=models.classifier.model_id
        )
        state.components[Component.EMBEDDING_MODEL] = ComponentReport(
            status="available", model=models.embedder.model_id
        )
        _warn_of_one_language(settings)
        await ocr
        if recognition is not None:
            _warn_of_fp32(settings)
    finally:
        ocr.cancel()
        await asyncio.gather(ocr, return_exceptions=True)
    return Features(
        recognition,
        models,
        settings.default_currency,
        trace_item_names=settings.traces_item_names,
    ).runners()


def _recognition(settings: Settings) -> RecognitionPool | None:
    if Queue.RECEIPTS not in settings.worker_queues:
        return None
    return RecognitionPool.from_settings(settings, slots=settings.receipt_slots)


def _warn_of_fp32(settings: Settings) -> None:
    """Log why receipts take longer than they could, if they do."""
    if (
        settings.ocr_engine == OcrEngineName.TESSERACT
        or settings.ocr_precision != OcrPrecision.INT8
    ):
        return
    if problem := load_kept_model().problem:
        log.warning("worker.reads_with_fp32", reason=problem)


def _warn_of_one_language(settings: Settings) -> None:
    """Log why names in languages that nothing knows are guesses, if they are."""
    if problem := lacking_multilingual_model(settings):
        log.warning("worker.lacks_multilingual_model", reason=problem)


async def _start(recognition: RecognitionPool | None, state: WorkerState) -> None:
    """Start the OCR engine, if there is one, and report it.

    A worker without an OCR engine still serves: its receipt jobs fail and say why.
    """
    if recognition is None:
        return
    try:
        report = ComponentReport(status="ok", model=" ".join(await recognition.start()))
    except EngineUnavailable as error:
        log.error("worker.engine_unavailable", reason=error.detail)  # noqa: TRY400 (no traceback)
        report = ComponentReport(status="unavailable", error=error.detail)
    state.components[Component.OCR] = report
