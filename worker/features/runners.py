"""Does the work of each feature: turns the payload of a job into its output payload."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from shared.contracts.categories import (
    BatchItem,
    CategorizePayload,
    Category,
    CategoryBatch,
    Prediction,
    StoredItems,
    confidence_level,
)
from shared.contracts.embeddings import Embedding, EmbeddingBatch, StoredTexts
from shared.contracts.features import Feature
from shared.contracts.receipts.extraction import Extraction
from shared.contracts.receipts.requests import ExtractionOptions, ReadingHints
from shared.contracts.receipts.rich import RichReceipt
from worker.features.item_models import ItemModels
from worker.features.recognition import RecognitionPool
from worker.features.time_limit import TimeLimit
from worker.pipeline.meaning.models.ports import Scores
from worker.pipeline.receipt import ReceiptReading
from worker.pipeline.stages import StageRecorder


@dataclass(frozen=True, kw_only=True)
class Work:
    """The work of one job.

    Only receipts have an `image`. The stages go to `recorder`. `limit` is the time limit that the
    caller enforces.
    """

    payload: dict[str, Any]
    image: bytes | None
    request_id: str | None
    recorder: StageRecorder
    limit: TimeLimit = field(default_factory=TimeLimit)


@dataclass(frozen=True, kw_only=True)
class Product:
    """The output of a job, and the model that made it."""

    output: BaseModel
    model_id: str
    model_version: str


Run = Callable[[Work], Awaitable[Product]]


class Features:
    """The runners of the features that this worker can serve."""

    def __init__(
        self,
        recognition: RecognitionPool | None,
        models: ItemModels,
        default_currency: str | None = None,
        *,
        trace_item_names: bool = True,
    ) -> None:
        """`recognition` is None in a worker that does not serve the receipts queue.
        `default_currency` is for requests that name none. `trace_item_names` says whether the span
        of a categorisation has the name and the label."""
        self._recognition = recognition
        self._models = models
        self._default_currency = default_currency
        self._trace_item_names = trace_item_names

    def runners(self) -> Mapping[Feature, Run]:
        """Return the runner of each feature."""
        return {
            Feature.RECEIPT_EXTRACTION: self.extract_receipt,
            Feature.CATEGORIZATION: self.categorize,
            Feature.CATEGORIZATION_BATCH: self.categorize_batch,
            Feature.EMBEDDING: self.embed,
        }

    async def extract_receipt(self, work: Work) -> Product:
        """Read the image, and categorise the line items if the request names labels."""
        started = time.perf_counter()
        if self._recognition is None or work.image is None:
            raise RuntimeError("a receipt job needs an image and a recognition pool")
        reading = await self._recognition.read(work.image, work.recorder, self.hints_of(work))
        return await self.as_receipt(reading, work, started)

    def hints_of(self, work: Work) -> ReadingHints:
        """Return the hints of a request, with the default currency of the worker if it names
        none."""
        options = ExtractionOptions.model_validate(work.payload.get("options") or {})
        return ReadingHints(
            default_currency=options.default_currency or self._default_currency,
            country=options.country,
            locale=options.locale,
        )

    async def as_receipt(self, reading: ReceiptReading, work: Work, started: float) -> Product:
        """Return a reading in the rich shape. `started` is a time of `time.perf_counter`."""
        options = ExtractionOptions.model_validate(work.payload.get("options") or {})
        receipts = list(reading.receipts)
        if options.candidate_labels:
            receipts = [
                await self._with_categories(receipt, options.candidate_labels, work)
                for receipt in receipts
            ]
        version = f"{reading.engine} {reading.engine_version}"
        receipt = RichReceipt(
            request_id=work.request_id,
            processing_time_ms=_elapsed_ms(started),
            model_id=reading.engine,
            model_version=version,
            read_at=datetime.now(UTC),
            extraction=receipts[0],
            receipts=receipts if len(receipts) > 1 else [],
            pages=list(reading.pages),
        )
        return Product(output=receipt, model_id=reading.engine, model_version=version)

    async def categorize(self, work: Work) -> Product:
        """Categorise one item name."""
        started = time.perf_counter()
        payload = CategorizePayload.model_validate(work.payload)
        labels = payload.candidate_labels
        with work.recorder.measure("categorize_item") as attributes:
            (scores,) = (await self._models.score([payload.item_name], labels, work.limit)).tolist()
            best = max(range(len(labels)), key=scores.__getitem__)
            attributes.update(candidate_labels_count=len(labels), confidence=scores[best])
            if self._trace_item_names:
                attributes.update(item_name=payload.item_name, predicted_category=labels[best])
        category = Category(
            category=labels[best],
            confidence=scores[best],
            confidence_level=confidence_level(scores[best]),
            all_scores=dict(zip(labels, scores, strict=True)),
            processing_time_ms=_elapsed_ms(started),
        )
        return self._by_classifier(category)

    async def categorize_batch(self, work: Work) -> Product:
        """Categorise up to 50 item names."""
        started = time.perf_counter()
        payload = StoredItems.model_validate(work.payload)
        labels, items = payload.candidate_labels, payload.items
        with work.recorder.measure("categorize_item") as attributes:
            names = [item.name for item in items]
            scores = await self._models.score(names, labels, work.limit)
            attributes.update(items=len(items), candidate_labels_count=len(labels))
        batch = CategoryBatch(
            predictions=_predictions(items, labels, scores),
            errors=payload.errors,
            processing_time_ms=_elapsed_ms(started),
        )
        return self._by_classifier(batch)

    async def embed(self, work: Work) -> Product:
        """Embed up to 256 texts."""
        payload = StoredTexts.model_validate(work.payload)
        with work.recorder.measure("embed_texts") as attributes:
            texts = [entry.text for entry in payload.texts]
            vectors = await self._models.embed(texts, payload.batch_size, work.limit)
            attributes["texts"] = len(texts)
        model = self._models.embedder
        embeddings = EmbeddingBatch(
            model=model.model_id,
            model_version=model.model_version,
            dimension=model.dimension,
            embeddings=[
                # A float32 has about seven significant digits; more would be noise.
                Embedding(id=entry.id, vector=[round(x, 7) for x in vector])
                for entry, vector in zip(payload.texts, vectors.tolist(), strict=True)
            ],
            errors=payload.errors,
        )
        return Product(
            output=embeddings, model_id=model.model_id, model_version=model.model_version
        )

    async def _with_categories(
        self, extraction: Extraction, labels: Sequence[str], work: Work
    ) -> Extraction:
        with work.recorder.measure("categorize_item") as attributes:
            names = [item.parsed_name for item in extraction.line_items]
            scores = await self._models.score(names, labels, work.limit)
            attributes.update(items=len(names), candidate_labels_count=len(labels))
        items = [
            item.model_copy(update={"category": labels[best]})
            for item, best in zip(extraction.line_items, scores.argmax(axis=1), strict=True)
        ]
        return extraction.model_copy(update={"line_items": items})

    def _by_classifier(self, output: BaseModel) -> Product:
        classifier = self._models.classifier
        return Product(
            output=output,
            model_id=classifier.model_id,
            model_version=classifier.model_version,
        )


def _predictions(
    items: Sequence[BatchItem], labels: Sequence[str], scores: Scores
) -> list[Prediction]:
    predictions = []
    for item, row in zip(items, scores.tolist(), strict=True):
        best = max(range(len(labels)), key=row.__getitem__)
        predictions.append(
            Prediction(
                id=item.id,
                name=item.name,
                predicted_category=labels[best],
                confidence=row[best],
                confidence_level=confidence_level(row[best]),
            )
        )
    return predictions


def _elapsed_ms(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 3)
