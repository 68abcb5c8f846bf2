"""The settings of the pipeline, which runs with servers or without.

They have a module of their own, so that commands which need no server do not import the drivers.
"""

import os
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.contracts.features import Queue
from shared.contracts.fields.hints import CurrencyCode
from shared.contracts.service.components import (
    ClassifierKind,
    MultilingualUse,
    OcrEngineName,
    OcrPrecision,
)


class PipelineSettings(BaseSettings):
    """The settings of the pipeline, which runs with servers or without.

    Durations are in seconds and sizes in bytes.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    max_image_bytes: Annotated[int, Field(gt=0)] = 10_000_000
    max_image_pixels: Annotated[int, Field(gt=0)] = 40_000_000
    receipt_slots: Annotated[int, Field(ge=1)] = os.cpu_count() or 1
    # As many as share a call of the model, which takes fewer than wait for it anyway.
    item_slots: Annotated[int, Field(ge=1)] = 32
    receipt_timeout: Annotated[float, Field(gt=0)] = 60
    item_timeout: Annotated[float, Field(gt=0)] = 20
    # By default what the memory limit of the container leaves for each slot.
    recognition_memory: Annotated[int, Field(gt=0)] | None = None
    page_cpu: Annotated[int, Field(ge=1)] = 10
    page_memory: Annotated[int, Field(gt=0)] = 1_000_000_000

    # The currency of receipts that show none, if the request names none either.
    default_currency: CurrencyCode | None = None

    ocr_engine: OcrEngineName = OcrEngineName.AUTO
    ocr_precision: OcrPrecision = OcrPrecision.INT8
    classifier: ClassifierKind = ClassifierKind.EMBEDDING
    # For CLASSIFIER=zero-shot: the name of an NLI model on the Hugging Face hub, or its folder.
    classification_model: str = "cross-encoder/nli-MiniLM2-L6-H768"
    # The default model is built in; sentence-transformers runs any other.
    embedding_model: str = "all-MiniLM-L6-v2"
    # Beside the default model only: any other was chosen for the languages that it knows.
    multilingual_model: MultilingualUse = MultilingualUse.AUTO

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "console"] = "json"

    @property
    def slots(self) -> Mapping[Queue, int]:
        """The number of jobs of each queue that a worker runs at once."""
        return {Queue.RECEIPTS: self.receipt_slots, Queue.ITEMS: self.item_slots}

    @property
    def timeouts(self) -> Mapping[Queue, float]:
        """The number of seconds that a run may take, by queue."""
        return {Queue.RECEIPTS: self.receipt_timeout, Queue.ITEMS: self.item_timeout}
