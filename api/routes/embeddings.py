"""Waiting calls that embed texts."""

from typing import Annotated

from fastapi import APIRouter, Header, Request

from api.answering import answer
from api.front import FrontDep, IdempotencyKey
from api.openapi.problems import SUBMITTED, WAITED, problems
from shared.contracts.embeddings import EmbedAnswer, EmbedPayload, EmbedRequest
from shared.contracts.requests import EmbeddingRequest
from shared.contracts.text import Identifier

# Existing callers of these two calls send no tenant; their jobs belong to this one.
_NO_TENANT = "default"

# Enough for 256 texts of maximum length, at four bytes per character.
router = APIRouter(
    prefix="/api/v1",
    tags=["embeddings"],
    max_body_size=5_500_000,
    responses=problems(*SUBMITTED, *WAITED),
)


@router.post("/embed/batch", response_model=EmbedAnswer, name="embed_texts_batch")
@router.post("/embed", response_model=EmbedAnswer)
async def embed_texts(
    request: EmbedRequest,
    front: FrontDep,
    http: Request,
    key: IdempotencyKey = None,
    tenant: Annotated[Identifier | None, Header(alias="X-Tenant-ID")] = None,
) -> EmbedAnswer:
    """Return a unit vector for each text, in the order of the texts."""
    job = EmbeddingRequest(
        tenant_id=request.tenant_id or tenant or _NO_TENANT,
        user_id=request.user_id,
        request_id=request.request_id,
        payload=EmbedPayload(texts=request.texts, batch_size=request.batch_size),
    )
    done = await answer(http, front, job, key)
    embedded = {"model_version": done.job.model_version, **done.output}
    return EmbedAnswer(**embedded, version=request.version, request_id=request.request_id)
