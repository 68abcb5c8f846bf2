"""Interventions: calls that cancel a job or run it again."""

from uuid import UUID

from fastapi import APIRouter, Response

from api import interventions
from api.access.caller import WRITES
from api.front import FrontDep, TenantDep
from api.job_views import job_response
from api.openapi.problems import ADMITTED, TENANT, problems
from shared.contracts.jobs import JobView
from shared.rejections import JobNotFound, NotCancellable, NotRetryable

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])


@router.post(
    "/{job_id}/cancel",
    status_code=202,
    dependencies=[WRITES],
    response_model=JobView,
    responses={
        200: {"model": JobView, "description": "The job is cancelled"},
        202: {"description": "The job is running, and will be cancelled within two seconds"},
        **problems(*TENANT, JobNotFound, NotCancellable),
    },
)
async def cancel_job(job_id: UUID, tenant_id: TenantDep, front: FrontDep) -> Response:
    """Cancel a job: a queued one at once (200), a running one within two seconds (202).

    Cancelling a cancelled job changes nothing (200). A job that has ended otherwise is a 409.
    """
    job, running = await interventions.cancel(front, job_id, tenant_id)
    return job_response(job, 202 if running else 200)


@router.post(
    "/{job_id}/retry",
    status_code=202,
    dependencies=[WRITES],
    response_model=JobView,
    responses={
        202: {"description": "The job waits again"},
        **problems(*TENANT, *ADMITTED, JobNotFound, NotRetryable),
    },
)
async def retry_job(job_id: UUID, tenant_id: TenantDep, front: FrontDep) -> Response:
    """Run a failed or cancelled job again, with new budgets and the history that it has.

    A job in any other state is a 409, and so is one whose work is already being done again.
    """
    return job_response(await interventions.retry(front, job_id, tenant_id), 202)
