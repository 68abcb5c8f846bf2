"""The call that submits many jobs at once."""

import asyncio
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import APIRouter, HTTPException, Request, Response

from api.front import Front, FrontDep, IdempotencyKey
from api.job_views import JSON, encode_job
from api.openapi.problems import STORED, problems
from api.requests.batch import read_entries
from api.submission.submitted import Submitted
from shared.contracts.batches import EntryRefusal, JobBatch, JobBatchRequest
from shared.contracts.jobs import JobError
from shared.errors import ServiceError
from shared.rejections import InvalidRequest, MalformedBody, RequestTooLarge, UnknownField

_LARGEST_BODY = 6_000_000  # bytes

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])


@router.post(
    "/batch",
    response_model=JobBatch,
    max_body_size=_LARGEST_BODY,
    responses=problems(InvalidRequest, UnknownField, MalformedBody, RequestTooLarge, *STORED),
)
async def submit_job_batch(
    batch: JobBatchRequest, front: FrontDep, http: Request, idempotency_key: IdempotencyKey = None
) -> Response:
    """Submit up to 500 jobs. Each entry has its job or its error in the answer.

    A bad entry, or one for which a queue has no room, refuses none of the others, which are stored
    together before the answer. `Idempotency-Key: K` gives the entry at index 3 the key `K:3`,
    unless it has a key of its own.
    """
    strict = front.settings.strict_requests
    read = await read_entries(http, batch, idempotency_key, strict=strict)
    submitted = await front.submissions.submit_all(list(read.works.values()))
    results = {index: _refused(index, error) for index, error in read.refused.items()}
    # Jobs that were there before are read together.
    shown = await asyncio.gather(
        *(_result(front, *each) for each in zip(read.works, submitted, strict=True))
    )
    results |= dict(zip(read.works, shown, strict=True))
    ordered = [results[index] for index in range(len(batch.jobs))]
    return Response(orjson.dumps({"results": ordered}), media_type=JSON)


@router.get("/batch", include_in_schema=False)
async def refuse_reading() -> None:
    """Refuse to read a batch, which the call that reads a job would take for a job."""
    raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": "POST"})


async def _result(front: Front, index: int, submitted: Submitted | ServiceError) -> dict[str, Any]:
    if isinstance(submitted, ServiceError):
        return _error(index, submitted)
    try:
        job = submitted.row or await front.reads.job(submitted.id, submitted.tenant_id)
    except ServiceError as error:
        return _error(index, error)
    shown = orjson.Fragment(encode_job(job))
    return {"index": index, "job": shown, "error": None, "replayed": submitted.replayed}


def _error(index: int, error: ServiceError) -> dict[str, Any]:
    known = JobError.of(error).model_dump()
    return _refused(index, EntryRefusal(**known, retry_after=error.retry_after))


def _refused(index: int, error: EntryRefusal) -> dict[str, Any]:
    refusal = error.model_dump(mode="json")
    return {"index": index, "job": None, "error": refusal, "replayed": False}
