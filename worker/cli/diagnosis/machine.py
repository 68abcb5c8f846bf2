"""Check this machine: the engines and models of the settings, and free disk space."""

import asyncio
import shutil
import tempfile

from shared.contracts.service.components import OcrEngineName, OcrPrecision
from shared.errors import EngineUnavailable
from shared.pipeline_settings import PipelineSettings
from worker.cli.diagnosis.finding import Finding, error, ok, reason, warning
from worker.features.item_models import ItemModels
from worker.pipeline.meaning.configured_models import lacking_multilingual_model
from worker.pipeline.ocr.engines.engine import load_engine
from worker.pipeline.ocr.engines.tesseract import is_installed
from worker.pipeline.ocr.models.kept_model import load_kept_model

# Bytes.
_ROOM = 2e9
_SETUP = "Run bin/setup again."


async def check_machine(settings: PipelineSettings) -> list[Finding]:
    """Load every engine and model as a worker would, which takes seconds, and check the disk."""
    ocr = await asyncio.to_thread(_ocr, settings)
    return [ocr, _tesseract(), await _item_models(settings), _disk()]


def _ocr(settings: PipelineSettings) -> Finding:
    try:
        engine = load_engine(settings.ocr_engine, settings.ocr_precision)
    except EngineUnavailable as missing:
        return error("ocr", missing.detail, "Install it, or set OCR_ENGINE=auto.")
    except Exception as failure:
        return error("ocr", f"does not load: {reason(failure)}", _SETUP)
    wants_int8 = (
        settings.ocr_precision == OcrPrecision.INT8 and engine.name == OcrEngineName.RAPIDOCR
    )
    if wants_int8 and (problem := load_kept_model().problem):
        return warning("ocr", problem, "Run grocery-ai models.")
    return ok("ocr", f"{engine.name} {engine.version}")


def _tesseract() -> Finding:
    return ok(
        "tesseract",
        "installed" if is_installed() else "not installed; OCR_ENGINE=tesseract needs it",
    )


async def _item_models(settings: PipelineSettings) -> Finding:
    models = ItemModels.from_settings(settings)
    try:
        await models.start()
    except EngineUnavailable as missing:
        return error("item models", missing.detail, "Install it, or choose another.")
    except Exception as failure:
        return error("item models", f"do not load: {reason(failure)}", _SETUP)
    else:
        if problem := lacking_multilingual_model(settings):
            return warning("item models", problem, "Or set MULTILINGUAL_MODEL=off.")
        return ok("item models", f"{models.classifier.model_id} {models.classifier.model_version}")
    finally:
        await models.close()


def _disk() -> Finding:
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    detail = f"{free / 1e9:.1f} GB free in {folder}"
    if free < _ROOM:
        return warning("disk", detail, "Free some space.")
    return ok("disk", detail)
