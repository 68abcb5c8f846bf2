"""Embeddings: from texts to unit vectors."""

from typing import Annotated

from pydantic import Field

from shared.contracts.text import CONTRACT_VERSION, Contract, Identifier, Text, Version

MAX_TEXTS = 256


class EmbedText(Contract):
    """One text. `id` is the caller's and is returned unchanged."""

    id: int | Annotated[str, Field(max_length=200)]
    text: Annotated[Text, Field(min_length=1, max_length=5000)]


class EmbedPayload(Contract):
    """Up to 256 texts. The model takes `batch_size` at a time, which changes no vector."""

    texts: Annotated[list[EmbedText], Field(min_length=1, max_length=MAX_TEXTS)]
    batch_size: Annotated[int, Field(ge=1, le=MAX_TEXTS)] = 32


class EmbedRequest(EmbedPayload):
    """The body of `/embed` and `/embed/batch`. The tenant may be in the X-Tenant-ID header."""

    version: Version = CONTRACT_VERSION
    request_id: Identifier | None = None
    tenant_id: Identifier | None = None
    user_id: Identifier | None = None


class Embedding(Contract):
    """The vector of one text, with length (L2 norm) 1."""

    id: int | str
    vector: list[float]


class Embeddings(Contract):
    """The `output_payload` of an embedding job. Every vector has `dimension` numbers.

    Vectors of different models must not be compared. Outputs that version 0.1.0 stored have no
    `model_version`.
    """

    model: str
    model_version: str | None = None
    dimension: int
    embeddings: list[Embedding]


class EmbedAnswer(Embeddings):
    """The answer of `/embed` and `/embed/batch`."""

    version: str
    request_id: str | None
