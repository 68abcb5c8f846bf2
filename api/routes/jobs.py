"""Calls that submit a job, return one, or list them."""

import base64
import binascii
import re
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import AwareDatetime, Field, TypeAdapter

from api.front import FrontDep, IdempotencyKey, TenantDep
from api.job_views import view_jobs
from api.openapi.problems import IMAGES, SUBMITTED, TENANT, problems
from api.requests.context import adopt_request_id
from shared.contracts.features import Feature
from shared.contracts.jobs import JobPage, JobStatus, JobView
from shared.contracts.requests import JobRequest
from shared.errors import Draining
from shared.rejections import InvalidRequest, JobNotFound, UnknownFeature
from shared.store.jobs import JobRepository
from shared.store.lists import JobFilter

LONGEST_WAIT = 30  # seconds
# The Retry-After of an unfinished job, in seconds.
_POLL_AFTER = 2

# A time with an offset, in a range in which Postgres can compare it.
Moment = Annotated[
    AwareDatetime,
    Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2100, 1, 1, tzinfo=UTC)),
]

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])


@router.post(
    "",
    status_code=202,
    response_model=JobView,
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
    response: Response,
    idempotency_key: IdempotencyKey = None,
    prefer: Annotated[
        str | None,
        Header(alias="Prefer", description="wait=N: up to N ≤ 30 seconds"),
    ] = None,
) -> JobView:
    """Submit a job. Answers 202, or 200 if the job ended within the N of `Prefer: wait=N`."""
    adopt_request_id(http, request.request_id)
    submitted = await front.submissions.submit(
        request, idempotency_key=idempotency_key or request.request_id
    )
    job_id = submitted.job.id
    response.headers["Location"] = f"/api/v1/jobs/{job_id}"
    if submitted.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    if wait := _preferred_wait(prefer):
        response.headers["Preference-Applied"] = f"wait={wait}"
        await front.waiters.wait(job_id, wait)
    view = await front.reads.view(job_id, request.tenant)
    if wait and view.status.finished:
        response.status_code = 200
    _set_retry_after(view, response)
    return view


@router.get("/{job_id}", response_model=JobView, responses=problems(*TENANT, JobNotFound, Draining))
async def get_job(
    job_id: UUID,
    tenant_id: TenantDep,
    front: FrontDep,
    response: Response,
    wait: Annotated[float, Query(ge=0, le=LONGEST_WAIT)] = 0,
) -> JobView:
    """Return one job of the tenant; with `wait`, once it has ended or that many seconds later."""
    ended = None
    if wait and not (await front.reads.state(job_id, tenant_id)).finished:
        ended = await front.waiters.wait(job_id, wait)
    view = ended or await front.reads.view(job_id, tenant_id)
    _set_retry_after(view, response)
    return view


@router.get("", response_model=JobPage, responses=problems(*TENANT))
async def list_jobs(
    tenant_id: TenantDep,
    front: FrontDep,
    status: JobStatus | None = None,
    feature: Feature | None = None,
    since: Moment | None = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> JobPage:
    """List the tenant's jobs, newest first. `next_cursor` is the `cursor` of the next page."""
    wanted = JobFilter(
        tenant_id=tenant_id,
        state=status,
        feature=feature,
        since=since,
        before=_decode_cursor(cursor) if cursor else None,
    )
    async with front.database.transaction() as session:
        jobs = await JobRepository(session).page(wanted, limit + 1)
        views = await view_jobs(session, jobs[:limit])
    more = len(jobs) > limit
    return JobPage(jobs=views, next_cursor=_encode_cursor(views[-1]) if more else None)


def _set_retry_after(view: JobView, response: Response) -> None:
    if not view.status.finished:
        response.headers["Retry-After"] = str(_POLL_AFTER)


def _preferred_wait(prefer: str | None) -> int:
    """Return the N of `Prefer: wait=N` (RFC 7240), at most LONGEST_WAIT; 0 if there is none."""
    for preference in (prefer or "").split(","):
        name, _, value = preference.strip().partition("=")
        if name.strip().lower() == "wait" and re.fullmatch(r"[0-9]{1,9}", value.strip()):
            return min(int(value), LONGEST_WAIT)
    return 0


def _encode_cursor(view: JobView) -> str:
    return base64.urlsafe_b64encode(f"{view.created_at.isoformat()} {view.id}".encode()).decode()


def _decode_cursor(cursor: str) -> tuple[datetime, UUID]:
    try:
        created_at, _, job_id = base64.urlsafe_b64decode(cursor).decode().partition(" ")
        return TypeAdapter(Moment).validate_python(created_at), UUID(job_id)
    except (ValueError, binascii.Error) as error:
        raise InvalidRequest("cursor: this cursor was not issued by this service.") from error
