"""What a worker reports of its components; the front passes it on in its readiness."""

from enum import StrEnum
from typing import Literal

from shared.contracts.text import Contract

# Best first: of several workers, the front shows the one that can do most.
ComponentStatus = Literal["ok", "available", "not_loaded", "unavailable", "not_installed"]


class Component(StrEnum):
    """What a worker needs to do its work. The wire and the table of workers say `engines`."""

    # The OCR engine that OCR_ENGINE has come to.
    OCR = "ocr"
    # Whether the program is installed, for OCR_ENGINE=tesseract.
    TESSERACT = "tesseract"
    CLASSIFIER = "classifier"
    EMBEDDING_MODEL = "embedding_model"


class ComponentReport(Contract):
    """`model`: name and version once loaded. `error`: why it is `unavailable`, and what to do."""

    status: ComponentStatus
    model: str | None = None
    error: str | None = None
