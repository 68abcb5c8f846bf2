"""Requests for work, in the envelope that submissions and waiting calls share."""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.categories import CategorizeBatchPayload, CategorizePayload
from shared.contracts.embeddings import EmbeddingFeature, EmbedPayload
from shared.contracts.fields.common import OwnedFields
from shared.contracts.receipts.requests import ReceiptFeature, ReceiptPayload


class ReceiptRequest(OwnedFields):
    """A request to read a receipt."""

    feature: ReceiptFeature = "receipt_extraction"
    payload: ReceiptPayload


class CategorizeRequest(OwnedFields):
    """A request to categorise one item."""

    feature: Literal["categorization"] = "categorization"
    payload: CategorizePayload


class CategorizeBatchRequest(OwnedFields):
    """A request to categorise up to 50 items."""

    feature: Literal["categorization_batch"] = "categorization_batch"
    payload: CategorizeBatchPayload


class EmbeddingRequest(OwnedFields):
    """A request to embed up to 256 texts."""

    feature: EmbeddingFeature = "embedding"
    payload: EmbedPayload


# The body of POST /api/v1/jobs; `feature` decides which payload it has.
JobRequest = Annotated[
    ReceiptRequest | CategorizeRequest | CategorizeBatchRequest | EmbeddingRequest,
    Field(discriminator="feature"),
]
