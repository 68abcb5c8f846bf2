"""Categorisation calls that wait for their answer."""

from fastapi import APIRouter, Request

from api.answering import answer, envelope
from api.front import FrontDep, IdempotencyKey
from shared.contracts.categories import Category, CategoryBatch
from shared.contracts.jobs import Answer
from shared.contracts.requests import CategorizeBatchRequest, CategorizeRequest

# 50 names and 100 labels of the greatest length, four bytes a character, fit in.
router = APIRouter(prefix="/api/v1", tags=["categories"], max_body_size=200_000)


@router.post("/categorize", response_model=Answer[Category])
async def categorize(
    request: CategorizeRequest, front: FrontDep, http: Request, key: IdempotencyKey = None
) -> Answer[Category]:
    """The best of the candidate labels for one item name."""
    done = await answer(http, front, request, key)
    return envelope(request.request_id, Category.model_validate(done.output), done)


@router.post("/categorize-batch", response_model=Answer[CategoryBatch])
async def categorize_batch(
    request: CategorizeBatchRequest, front: FrontDep, http: Request, key: IdempotencyKey = None
) -> Answer[CategoryBatch]:
    """The best label for each of up to 50 items."""
    done = await answer(http, front, request, key)
    return envelope(request.request_id, CategoryBatch.model_validate(done.output), done)
