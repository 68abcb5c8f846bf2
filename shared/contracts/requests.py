"""Requests for work, in the envelope that submissions and waiting calls share."""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.callbacks import CallbackRequest
from shared.contracts.categories import CategorizeBatchPayload, CategorizePayload
from shared.contracts.embeddings import EmbedPayload
from shared.contracts.receipts import ReceiptPayload
from shared.contracts.text import Contract, Identifier

MAX_PRIORITY = 9


class RequestMetadata(Contract):
    """Metadata of a request. `fresh`: make a new job even if the same work was done recently."""

    fresh: bool = False


class _Request(Contract):
    tenant_id: Identifier
    user_id: Identifier | None = None
    request_id: Identifier | None = None
    priority: Annotated[int, Field(ge=0, le=MAX_PRIORITY)] = 0
    metadata: RequestMetadata = RequestMetadata()
    callback: CallbackRequest | None = None


class ReceiptRequest(_Request):
    """A request to read a receipt."""

    feature: Literal["receipt_extraction", "extraction"] = "receipt_extraction"
    payload: ReceiptPayload


class CategorizeRequest(_Request):
    """A request to categorise one item."""

    feature: Literal["categorization"] = "categorization"
    payload: CategorizePayload


class CategorizeBatchRequest(_Request):
    """A request to categorise up to 50 items."""

    feature: Literal["categorization_batch"] = "categorization_batch"
    payload: CategorizeBatchPayload


class EmbeddingRequest(_Request):
    """A request to embed up to 256 texts."""

    feature: Literal["embedding", "embedding_batch"] = "embedding"
    payload: EmbedPayload


# The body of POST /api/v1/jobs; `feature` decides which payload it has.
JobRequest = Annotated[
    ReceiptRequest | CategorizeRequest | CategorizeBatchRequest | EmbeddingRequest,
    Field(discriminator="feature"),
]
