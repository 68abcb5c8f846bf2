"""Examples of the calls that categorise items and embed texts."""

from uuid import UUID

from api.openapi.examples.example import REQUEST_ID, TENANT, TRACE_ID, Examples
from shared.contracts.categories import (
    BatchItem,
    CategorizeBatchPayload,
    CategorizePayload,
    Category,
    CategoryBatch,
    Prediction,
)
from shared.contracts.embeddings import EmbedAnswer, Embedding, EmbedRequest, EmbedText
from shared.contracts.fields.common import RequestMetadata
from shared.contracts.jobs import Answer, AnswerMetadata
from shared.contracts.requests import (
    CategorizeBatchRequest,
    CategorizeRequest,
)

LABELS = ["Produce", "Dairy", "Bakery", "Meat"]
MODEL = "all-MiniLM-L6-v2"


def examples() -> dict[str, Examples]:
    """Return the examples by `operationId`."""
    embed = Examples({"Two texts": _embed_request()}, {200: _embed_answer()})
    return {
        "categorizeItem": Examples(
            {"One item": categorize_request(), "The same work once more": _fresh_request()},
            {200: _envelope(category())},
        ),
        "categorizeBatch": Examples({"Two items": _batch_request()}, {200: _envelope(_batch())}),
        "embedTexts": embed,
        "embedTextsBatch": embed,
    }


def categorize_request() -> CategorizeRequest:
    """Return a request to categorise one item."""
    return CategorizeRequest(
        tenant_id=TENANT,
        request_id=REQUEST_ID,
        feature="categorization",
        payload=CategorizePayload(item_name="Organic Bananas", candidate_labels=LABELS),
    )


def category() -> Category:
    """Return what categorising that item results in."""
    return Category(
        category="Produce",
        confidence=0.94,
        confidence_level="high",
        all_scores={"Produce": 0.94, "Bakery": 0.03, "Dairy": 0.02, "Meat": 0.01},
        processing_time_ms=11.8,
    )


def metadata() -> AnswerMetadata:
    """Return the metadata of an answer whose job did not exist before."""
    return AnswerMetadata(
        job_id=UUID("0b9f3c1e-5a53-4c9d-9a53-0b6a0a3d3c11"),
        trace_id=TRACE_ID,
        model_id=MODEL,
        model_version="1.0.0",
        latency_ms=48.2,
        replayed=False,
    )


def _fresh_request() -> CategorizeRequest:
    return categorize_request().model_copy(update={"metadata": RequestMetadata(fresh=True)})


def _batch_request() -> CategorizeBatchRequest:
    return CategorizeBatchRequest(
        tenant_id=TENANT,
        payload=CategorizeBatchPayload(
            items=[BatchItem(id="a", name="Whole Milk"), BatchItem(id="b", name="Rye Bread")],
            candidate_labels=LABELS,
            errors=[],
        ),
    )


def _batch() -> CategoryBatch:
    return CategoryBatch(
        predictions=[
            Prediction(
                id="a",
                name="Whole Milk",
                predicted_category="Dairy",
                confidence=0.97,
                confidence_level="high",
            ),
            Prediction(
                id="b",
                name="Rye Bread",
                predicted_category="Bakery",
                confidence=0.91,
                confidence_level="high",
            ),
        ],
        processing_time_ms=19.3,
    )


def _envelope(payload: Category | CategoryBatch) -> Answer[Category | CategoryBatch]:
    return Answer(
        request_id=REQUEST_ID, status="success", payload=payload, error=None, metadata=metadata()
    )


def _embed_request() -> EmbedRequest:
    return EmbedRequest(
        tenant_id=TENANT,
        texts=[EmbedText(id="a", text="Whole Milk"), EmbedText(id="b", text="Rye Bread")],
        errors=[],
    )


def _embed_answer() -> EmbedAnswer:
    """Return an answer with vectors of two numbers, where those of a model have hundreds."""
    return EmbedAnswer(
        version="1.0",
        request_id=REQUEST_ID,
        model=MODEL,
        dimension=2,
        embeddings=[Embedding(id="a", vector=[0.6, 0.8]), Embedding(id="b", vector=[0.8, -0.6])],
    )
