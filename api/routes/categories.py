"""Waiting calls that categorise items."""

from fastapi import APIRouter, Request

from api.access.caller import WRITES
from api.answering import answer, envelope
from api.front import FrontDep, IdempotencyKey
from api.openapi.problems import SUBMITTED, WAITED, problems
from api.requests.body import BodyRoute
from shared.contracts.categories import Category, CategoryBatch
from shared.contracts.jobs import Answer
from shared.contracts.requests import CategorizeBatchRequest, CategorizeRequest

# Enough for 50 names and 100 labels of maximum length, at four bytes per character.
router = APIRouter(
    prefix="/api/v1",
    dependencies=[WRITES],
    tags=["categories"],
    route_class=BodyRoute,
    max_body_size=200_000,
    responses=problems(*SUBMITTED, *WAITED),
)


@router.post("/categorize", response_model=Answer[Category])
async def categorize_item(
    request: CategorizeRequest, front: FrontDep, http: Request, key: IdempotencyKey = None
) -> Answer[Category]:
    """Choose the best of the candidate labels for one item name."""
    done = await answer(http, front, request, key)
    return envelope(request.request_id, Category.model_validate(done.output), done)


@router.post("/categorize-batch", response_model=Answer[CategoryBatch])
async def categorize_batch(
    request: CategorizeBatchRequest, front: FrontDep, http: Request, key: IdempotencyKey = None
) -> Answer[CategoryBatch]:
    """Choose the best of the candidate labels for each of up to 50 items."""
    done = await answer(http, front, request, key)
    return envelope(request.request_id, CategoryBatch.model_validate(done.output), done)
