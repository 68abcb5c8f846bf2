"""The components of a worker, the settings that choose them, and reports about them."""

from enum import StrEnum
from typing import Literal

from shared.contracts.text import Contract

# Best first: the front shows the best status that any worker reports. `not_loaded` is last, since a
# worker that does not need a component has nothing to say about it.
ComponentStatus = Literal[
    "ok", "available", "loading", "unavailable", "not_installed", "not_loaded"
]


class Component(StrEnum):
    """What a worker loads to do its work; `engines` on the wire and in the table of workers."""

    # The OCR engine that was loaded for OCR_ENGINE.
    OCR = "ocr"
    # The program, which OCR_ENGINE=tesseract needs; the report says whether it is installed.
    TESSERACT = "tesseract"
    CLASSIFIER = "classifier"
    EMBEDDING_MODEL = "embedding_model"


class OcrEngineName(StrEnum):
    """The allowed values of OCR_ENGINE."""

    # RapidOCR, which is always installed.
    AUTO = "auto"
    RAPIDOCR = "rapidocr"
    TESSERACT = "tesseract"


class OcrPrecision(StrEnum):
    """The allowed values of OCR_PRECISION."""

    # Lines are read with the int8 model that `grocery-ai models` makes, if it is there.
    INT8 = "int8"
    # Lines are read with the model as it is in the wheel.
    FP32 = "fp32"


class MultilingualUse(StrEnum):
    """The allowed values of MULTILINGUAL_MODEL."""

    # The multilingual model scores names that the default one does not know, where it runs.
    AUTO = "auto"
    # The default model scores all names.
    OFF = "off"


class ClassifierKind(StrEnum):
    """The allowed values of CLASSIFIER."""

    # Chooses the nearest label according to the embedding model.
    EMBEDDING = "embedding"
    # Uses CLASSIFICATION_MODEL, a model for natural language inference.
    ZERO_SHOT = "zero-shot"


class ComponentReport(Contract):
    """What one worker reports about one component.

    `loading` ends by itself. `not_loaded` does not: the worker does not need the component.
    `model`: name and version once loaded. `error`: why it is `unavailable`, and what to do.
    """

    status: ComponentStatus
    model: str | None = None
    error: str | None = None
