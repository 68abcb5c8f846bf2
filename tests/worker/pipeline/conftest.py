"""An OCR engine inside the test's own process."""

import pytest

from shared.contracts.service.components import OcrEngineName
from worker.pipeline.ocr.engines.engine import OcrEngine, load_engine


@pytest.fixture(scope="session")
def engine() -> OcrEngine:
    """Return the default engine, loaded once."""
    return load_engine(OcrEngineName.AUTO)
