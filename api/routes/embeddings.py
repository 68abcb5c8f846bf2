"""Embedding calls that wait for their answer."""

from typing import Annotated

from fastapi import APIRouter, Header, Request

from api.answering import answer
from api.front import FrontDep, IdempotencyKey
from shared.contracts.embeddings import EmbedAnswer, EmbedPayload, EmbedRequest
from shared.contracts.requests import EmbeddingRequest
from shared.contracts.text import Identifier

# Callers of these two name no tenant today; their jobs belong to this one.
_NO_TENANT = "default"

# 256 texts of the greatest length, four bytes a character, fit in.
router = APIRouter(prefix="/api/v1", tags=["embeddings"], max_body_size=5_500_000)


@router.post("/embed", response_model=EmbedAnswer)
@router.post("/embed/batch", response_model=EmbedAnswer)
async def embed(
    request: EmbedRequest,
    front: FrontDep,
    http: Request,
    key: IdempotencyKey = None,
    tenant: Annotated[Identifier | None, Header(alias="X-Tenant-ID")] = None,
) -> EmbedAnswer:
    """A unit vector for each text, in their order."""
    job = EmbeddingRequest(
        tenant_id=request.tenant_id or tenant or _NO_TENANT,
        user_id=request.user_id,
        request_id=request.request_id,
        payload=EmbedPayload(texts=request.texts, batch_size=request.batch_size),
    )
    done = await answer(http, front, job, key)
    return EmbedAnswer(**done.output, version=request.version, request_id=request.request_id)
