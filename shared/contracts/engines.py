"""The engines and models that a setting can choose, by the values that it takes."""

from enum import StrEnum


class OcrEngineName(StrEnum):
    """OCR_ENGINE."""

    # The best engine that is there.
    AUTO = "auto"
    RAPIDOCR = "rapidocr"
    TESSERACT = "tesseract"


class ClassifierKind(StrEnum):
    """CLASSIFIER."""

    # The nearest of the labels, by the embedding model.
    EMBEDDING = "embedding"
    # A model of natural language inference: CLASSIFICATION_MODEL.
    ZERO_SHOT = "zero-shot"
