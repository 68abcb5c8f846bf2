"""The call that submits many jobs at once."""

import asyncio
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import APIRouter, HTTPException, Request, Response

from api.access.caller import WRITES
from api.front import Front, FrontDep, IdempotencyKey
from api.job_views import JSON, encode_job
from api.openapi.problems import STORED, problems
from api.requests.batch import read_entries
from api.requests.body import BodyRequest, BodyRoute
from api.submission.submitted import Submitted
from api.yielding import yielding
from shared.contracts.batches import EntryRefusal, JobBatch, JobBatchRequest
from shared.contracts.jobs import JobError
from shared.errors import ServiceError
from shared.rejections import InvalidRequest, MalformedBody, RequestTooLarge, UnknownField
from shared.store.hot.reading import JobRow

_LARGEST_BODY = 6_000_000  # bytes


class BatchRoute(BodyRoute):
    """A route that takes a batch: 500 jobs of 50 items and as many labels."""

    most_values = 150_000


router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"], route_class=BatchRoute)


@router.post(
    "/batch",
    response_model=JobBatch,
    dependencies=[WRITES],
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
    assert isinstance(http, BodyRequest)  # noqa: S101 (FastAPI wants the annotation `Request`)
    strict = front.settings.strict_requests
    read = await read_entries(http, batch, idempotency_key, strict=strict)
    submitted = await front.submissions.submit_all(list(read.works.values()))
    http.leave_place()
    results = {index: _refused(index, error) for index, error in read.refused.items()}
    # Jobs that were there before are read together.
    jobs = await asyncio.gather(*(_job(front, each) for each in submitted))
    async for index, each, job in yielding(zip(read.works, submitted, jobs, strict=True)):
        results[index] = _result(index, job, replayed=_was_there(each))
    ordered = [results[index] for index in range(len(batch.jobs))]
    return Response(orjson.dumps({"results": ordered}), media_type=JSON)


@router.get("/batch", include_in_schema=False)
async def refuse_reading() -> None:
    """Refuse to read a batch, which the call that reads a job would take for a job."""
    raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": "POST"})


async def _job(front: Front, submitted: Submitted | ServiceError) -> JobRow | ServiceError:
    if isinstance(submitted, ServiceError):
        return submitted
    try:
        return submitted.row or await front.reads.job(submitted.id, submitted.tenant_id)
    except ServiceError as error:
        return error


def _was_there(submitted: Submitted | ServiceError) -> bool:
    """Return whether the job existed already, though it may be unreadable."""
    return isinstance(submitted, Submitted) and submitted.replayed


def _result(index: int, job: JobRow | ServiceError, *, replayed: bool) -> dict[str, Any]:
    if isinstance(job, ServiceError):
        refusal = EntryRefusal(**JobError.of(job).model_dump(), retry_after=job.retry_after)
        return {**_refused(index, refusal), "replayed": replayed}
    shown = orjson.Fragment(encode_job(job))
    return {"index": index, "job": shown, "error": None, "replayed": replayed}


def _refused(index: int, error: EntryRefusal) -> dict[str, Any]:
    refusal = error.model_dump(mode="json")
    return {"index": index, "job": None, "error": refusal, "replayed": False}
