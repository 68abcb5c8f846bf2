"""The OCR engines and classifiers among which a setting chooses."""

from enum import StrEnum


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
