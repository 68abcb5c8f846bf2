"""What a caller sends to have work done: the same envelope for a job and for a waiting call."""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.categories import CategorizeBatchPayload, CategorizePayload
from shared.contracts.embeddings import EmbedPayload
from shared.contracts.receipts import ReceiptPayload
from shared.contracts.text import Contract, Identifier

MAX_PRIORITY = 9


class RequestMetadata(Contract):
    """`fresh`: make a new job even where the same work was done a moment ago."""

    fresh: bool = False


class _Request(Contract):
    tenant_id: Identifier
    user_id: Identifier | None = None
    request_id: Identifier | None = None
    priority: Annotated[int, Field(ge=0, le=MAX_PRIORITY)] = 0
    metadata: RequestMetadata = RequestMetadata()


class ReceiptRequest(_Request):
    """Read a receipt."""

    feature: Literal["receipt_extraction", "extraction"] = "receipt_extraction"
    payload: ReceiptPayload


class CategorizeRequest(_Request):
    """Categorise one item."""

    feature: Literal["categorization"] = "categorization"
    payload: CategorizePayload


class CategorizeBatchRequest(_Request):
    """Categorise up to 50 items."""

    feature: Literal["categorization_batch"] = "categorization_batch"
    payload: CategorizeBatchPayload


class EmbeddingRequest(_Request):
    """Embed texts."""

    feature: Literal["embedding", "embedding_batch"] = "embedding"
    payload: EmbedPayload


# Body of POST /api/v1/jobs: `feature` says which payload.
JobRequest = Annotated[
    ReceiptRequest | CategorizeRequest | CategorizeBatchRequest | EmbeddingRequest,
    Field(discriminator="feature"),
]
