"""Calls that submit a job, return one, or list them."""

import re
from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response

from api.access.caller import READS, WRITES, CallerDep
from api.access.reach import check_all_tenants
from api.answering import accept_from, publish_and_wait
from api.front import Front, FrontDep, IdempotencyKey, NamedTenantDep, TenantDep
from api.job_views import job_response, page_response
from api.openapi.problems import IMAGES, SUBMITTED, TENANT, problems
from api.requests.body import ImageRoute
from api.requests.context import adopt_request_id
from api.requests.listing import LONGEST_WAIT, Listing, Wait, encode_cursor
from api.telling.many import jobs_within
from shared.contracts.jobs import JobPage, JobView
from shared.contracts.requests import JobRequest
from shared.errors import Draining
from shared.rejections import (
    JobNotFound,
    TenantRequired,
    UnknownFeature,
)
from shared.store.hot.reading import JobRow, read_jobs
from shared.store.search.finding import find_jobs

# What an unfinished job is answered with, in seconds.
_POLL_LATER = {"Retry-After": "2"}

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"], route_class=ImageRoute)


@router.post(
    "",
    status_code=202,
    response_model=JobView,
    dependencies=[WRITES],
    responses={
        200: {"model": JobView, "description": "The job has ended within the preferred wait"},
        202: {"description": "The job is accepted, or was before"},
        **problems(*SUBMITTED, *IMAGES, UnknownFeature),
    },
)
async def submit_job(
    request: JobRequest,
    front: FrontDep,
    http: Request,
    idempotency_key: IdempotencyKey = None,
    prefer: Annotated[
        str | None,
        Header(alias="Prefer", description="wait=N: up to N ≤ 30 seconds"),
    ] = None,
) -> Response:
    """Submit a job. Answers 202, or 200 if the job ended within the N of `Prefer: wait=N`."""
    adopt_request_id(http, request.request_id)
    key = idempotency_key or request.request_id
    submitted = await accept_from(http, front, request, key)
    headers = {"Location": f"/api/v1/jobs/{submitted.id}"}
    if submitted.replayed:
        headers["Idempotency-Replayed"] = "true"
    ended = None
    if wait := _preferred_wait(prefer):
        headers["Preference-Applied"] = f"wait={wait}"
        ended = await publish_and_wait(front, submitted, wait)
    else:
        await front.submissions.publish(submitted)
    job = ended or (None if wait else submitted.row)
    job = job or await front.reads.job(submitted.id, request.tenant)
    return job_response(
        job, 200 if wait and job.finished else 202, {**headers, **_retry_after(job)}
    )


@router.get(
    "/{job_id}",
    response_model=JobView,
    dependencies=[READS],
    responses=problems(*TENANT, JobNotFound, Draining),
)
async def get_job(
    job_id: UUID,
    tenant_id: TenantDep,
    front: FrontDep,
    wait: Annotated[Wait, Query()] = 0,
) -> Response:
    """Return one job of the tenant; with `wait`, once it has ended or that many seconds later."""
    return await answer_with_job(front, job_id, tenant_id, wait)


@router.get("", response_model=JobPage, dependencies=[READS], responses=problems(*TENANT, Draining))
async def list_jobs(
    tenant_id: NamedTenantDep,
    caller: CallerDep,
    front: FrontDep,
    query: Annotated[Listing, Query()],
) -> Response:
    """List the tenant's jobs, newest first. `next_cursor` is the `cursor` of the next page.

    With `ids`, returns these jobs in their order; with `wait` as well, once all of them have ended
    or that many seconds later.
    """
    if query.all_tenants:
        check_all_tenants(caller, tenant_id)
    elif tenant_id is None:
        raise TenantRequired
    if query.ids is not None:
        return await _answer_with_jobs(front, tenant_id, query)
    found = await find_jobs(front.database, query.page_of(tenant_id), query.limit)
    shown = [job_id for _, job_id in found.places]
    return page_response(
        shown,
        await read_jobs(front.database, shown, tenant_id),
        next_cursor=encode_cursor(found.end) if found.end else None,
        scanned_until=found.scanned_until,
    )


async def _answer_with_jobs(front: Front, tenant_id: str | None, query: Listing) -> Response:
    asked = query.asked_ids()
    # Two texts may stand for the same job.
    job_ids = list(dict.fromkeys(filter(None, asked.values())))
    jobs = await jobs_within(front.database, front.waiters, job_ids, tenant_id, query.wait)
    missing = [text for text, job_id in asked.items() if job_id not in jobs]
    unfinished = any(isinstance(job, JobRow) and not job.finished for job in jobs.values())
    return page_response(
        job_ids, jobs, missing=missing, headers=_POLL_LATER if unfinished else None
    )


async def answer_with_job(front: Front, job_id: UUID, tenant_id: str, wait: float) -> Response:
    """Answer as `get_job` does. Raises JobNotFound, Draining, and Bug for an unreadable row."""
    job = await _job_within(front, job_id, tenant_id, wait)
    return job_response(job, headers=_retry_after(job))


async def _job_within(front: Front, job_id: UUID, tenant_id: str, wait: float) -> JobRow:
    """Return a job of the tenant at once, or after at most `wait` seconds if it has not ended."""
    if not wait:
        return await front.reads.job(job_id, tenant_id)
    with front.waiters.expect(job_id) as expectation:
        job = await front.reads.job(job_id, tenant_id)
        if job.finished:
            return job
        ended = await expectation.ended(wait)
    return ended or await front.reads.job(job_id, tenant_id)


def _retry_after(job: JobRow) -> Mapping[str, str]:
    return {} if job.finished else _POLL_LATER


def _preferred_wait(prefer: str | None) -> int:
    """Return the N of `Prefer: wait=N` (RFC 7240), at most LONGEST_WAIT; 0 if there is none."""
    for preference in (prefer or "").split(","):
        name, _, value = preference.strip().partition("=")
        if name.strip().lower() == "wait" and re.fullmatch(r"[0-9]{1,9}", value.strip()):
            return min(int(value), LONGEST_WAIT)
    return 0
