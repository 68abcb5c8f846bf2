"""Embeddings: from texts to unit vectors."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from shared.contracts.fields.common import CommonFields
from shared.contracts.fields.entries import (
    EntryError,
    RefusedEntries,
    or_plain_text,
    sort_out,
)
from shared.contracts.fields.numbers import NO_BOOLEAN
from shared.contracts.text import Contract, EntryId, LongText

MAX_TEXTS = 256
EmbeddingFeature = Literal["embedding", "embedding_batch"]


class EmbedText(Contract):
    """One text. `id` is the caller's and is returned unchanged."""

    id: EntryId
    text: LongText


class StoredTexts(Contract):
    """What a job stores of its texts: the good ones, and why others were refused.

    The model takes at most `batch_size` of them at a time, which changes no vector.
    """

    texts: list[EmbedText]
    batch_size: Annotated[int, Field(ge=1, le=MAX_TEXTS), NO_BOOLEAN] = 32
    errors: RefusedEntries


class EmbedPayload(StoredTexts):
    """Up to 256 texts. The id of a plain string is its position, from 0.

    The model takes at most `batch_size` of them at a time, which changes no vector.
    """

    texts: Annotated[
        list[EmbedText],
        Field(min_length=1, max_length=MAX_TEXTS, json_schema_extra=or_plain_text),
    ]

    @model_validator(mode="before")
    @classmethod
    def _sort_out(cls, data: Any) -> Any:
        return sort_out(data, "texts", EmbedText, "text", MAX_TEXTS)


class EmbedRequest(EmbedPayload, CommonFields):
    """The flat body of `/embed` and `/embed/batch`. The X-Tenant-ID header may name the tenant."""

    feature: EmbeddingFeature = "embedding"

    @property
    def payload(self) -> EmbedPayload:
        """The payload that an envelope would have."""
        return EmbedPayload(texts=self.texts, batch_size=self.batch_size, errors=self.errors)


class EmbedEnvelope(CommonFields):
    """The same request as an envelope, which is answered by one. The tenant may be missing."""

    feature: EmbeddingFeature = "embedding"
    payload: EmbedPayload


def _shape(body: Any) -> str:
    """Return the tag of the shape that a body has."""
    if isinstance(body, dict):
        return "envelope" if body.get("payload") is not None else "flat"
    return "envelope" if isinstance(body, EmbedEnvelope) else "flat"


EmbedBody = Annotated[
    Annotated[EmbedEnvelope, Tag("envelope")] | Annotated[EmbedRequest, Tag("flat")],
    Discriminator(_shape),
]


class Embedding(Contract):
    """The vector of one text, with length (L2 norm) 1."""

    id: int | str
    vector: list[float]


class EmbeddingBatch(Contract):
    """The `output_payload` of an embedding job: vectors of the good texts, the bad ones' errors.

    Every vector has `dimension` numbers. Vectors of different models must not be compared. Outputs
    that version 0.1.0 stored have no `model_version`.
    """

    model: str
    model_version: str | None = None
    dimension: int
    embeddings: list[Embedding]
    errors: list[EntryError] = Field(default_factory=list)


class EmbedAnswer(EmbeddingBatch):
    """The answer to a flat body."""

    version: str
    request_id: str | None
