"""The components of a worker: which there are, which are chosen, what it reports of them."""

from enum import StrEnum
from typing import Literal

from shared.contracts.text import Contract

# Best first: of several workers, the front shows the one that can do most. `not_loaded` is last,
# since a worker that does not need a component has nothing to say about it.
ComponentStatus = Literal[
    "ok", "available", "loading", "unavailable", "not_installed", "not_loaded"
]


class Component(StrEnum):
    """What a worker needs to do its work. The wire and the table of workers say `engines`."""

    # The OCR engine that OCR_ENGINE has come to.
    OCR = "ocr"
    # Whether the program is installed, for OCR_ENGINE=tesseract.
    TESSERACT = "tesseract"
    CLASSIFIER = "classifier"
    EMBEDDING_MODEL = "embedding_model"


class OcrEngineName(StrEnum):
    """The values of OCR_ENGINE."""

    # The best engine that is there.
    AUTO = "auto"
    RAPIDOCR = "rapidocr"
    TESSERACT = "tesseract"


class ClassifierKind(StrEnum):
    """The values of CLASSIFIER."""

    # The nearest of the labels, by the embedding model.
    EMBEDDING = "embedding"
    # A model of natural language inference: CLASSIFICATION_MODEL.
    ZERO_SHOT = "zero-shot"


class ComponentReport(Contract):
    """What one worker reports of one component.

    `loading` ends by itself; `not_loaded` does not, because the worker does not need the component.
    `model`: name and version once loaded. `error`: why it is `unavailable`, and what to do.
    """

    status: ComponentStatus
    model: str | None = None
    error: str | None = None
