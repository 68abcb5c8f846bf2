"""Embeddings: texts in, unit vectors out."""

from typing import Annotated

from pydantic import Field

from shared.contracts.text import CONTRACT_VERSION, Contract, Identifier, Text, Version

MAX_TEXTS = 256


class EmbedText(Contract):
    """`id` is the caller's and comes back as it was."""

    id: int | Annotated[str, Field(max_length=200)]
    text: Annotated[Text, Field(min_length=1, max_length=5000)]


class EmbedPayload(Contract):
    """Up to 256 texts. `batch_size` is how many the model takes at once; it changes no vector."""

    texts: Annotated[list[EmbedText], Field(min_length=1, max_length=MAX_TEXTS)]
    batch_size: Annotated[int, Field(ge=1, le=MAX_TEXTS)] = 32


class EmbedRequest(EmbedPayload):
    """Body of `/embed` and `/embed/batch`. The tenant may also come in the X-Tenant-ID header."""

    version: Version = CONTRACT_VERSION
    request_id: Identifier | None = None
    tenant_id: Identifier | None = None
    user_id: Identifier | None = None


class Embedding(Contract):
    """A vector of length 1 (L2)."""

    id: int | str
    vector: list[float]


class Embeddings(Contract):
    """`output_payload` of an embedding job."""

    model: str
    dimension: int
    embeddings: list[Embedding]


class EmbedAnswer(Embeddings):
    """Answer of `/embed` and `/embed/batch`."""

    version: str
    request_id: str | None
