"""Waiting calls that embed texts."""

from typing import Annotated

from fastapi import APIRouter, Header, Request

from api.access.caller import ANYBODY, WRITES
from api.access.tenants import HEADER, agreed_tenant
from api.answering import answer, envelope
from api.front import FrontDep, IdempotencyKey
from api.openapi.problems import SUBMITTED, WAITED, problems
from api.requests.body import BodyRoute
from shared.contracts.embeddings import EmbedAnswer, EmbedBody, EmbeddingBatch, EmbedEnvelope
from shared.contracts.jobs import Answer
from shared.contracts.requests import EmbeddingRequest
from shared.contracts.text import Identifier
from shared.rejections import TenantRequired

# Callers without tokens send no tenant to these two calls; their jobs belong to this one.
_NO_TENANT = "default"

# Enough for 256 texts of maximum length, at four bytes per character.
router = APIRouter(
    prefix="/api/v1",
    dependencies=[WRITES],
    tags=["embeddings"],
    route_class=BodyRoute,
    max_body_size=5_500_000,
    responses=problems(TenantRequired, *SUBMITTED, *WAITED),
)


@router.post(
    "/embed-batch", response_model=EmbedAnswer | Answer[EmbeddingBatch], include_in_schema=False
)
@router.post(
    "/embed/batch", response_model=EmbedAnswer | Answer[EmbeddingBatch], name="embed_texts_batch"
)
@router.post("/embed", response_model=EmbedAnswer | Answer[EmbeddingBatch])
async def embed_texts(
    request: EmbedBody,
    front: FrontDep,
    http: Request,
    key: IdempotencyKey = None,
    _header: Annotated[Identifier | None, Header(alias=HEADER)] = None,
) -> EmbedAnswer | Answer[EmbeddingBatch]:
    """Return a unit vector for each text, in the order of the texts.

    A flat body gets a flat answer, and an envelope gets an envelope.
    """
    owner = {"tenant_id": _owner(http, request.tenant)}
    job = EmbeddingRequest(
        **{**request.common(), **owner}, feature=request.feature, payload=request.payload
    )
    done = await answer(http, front, job, key)
    embedded = {"model_version": done.job.model_version, **done.output}
    if isinstance(request, EmbedEnvelope):
        return envelope(request.request_id, EmbeddingBatch.model_validate(embedded), done)
    return EmbedAnswer(**embedded, version=request.version, request_id=request.request_id)


def _owner(http: Request, named: str | None) -> str:
    """Return the tenant that the jobs are for. Raises Forbidden, TenantRequired."""
    if tenant_id := agreed_tenant(http, named):
        return tenant_id
    if http.state.caller is ANYBODY:
        return _NO_TENANT
    raise TenantRequired(
        "The token acts for several tenants: name one in the body or the X-Tenant-ID header."
    )
