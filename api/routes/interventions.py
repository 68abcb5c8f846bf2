"""Interventions: calls that cancel a job or run it again."""

from uuid import UUID

from fastapi import APIRouter, Response

from api.access.caller import WRITES
from api.front import Front, FrontDep, TenantDep
from api.job_views import job_response
from api.openapi.problems import ADMITTED, TENANT, problems
from api.telling.cancelled import announce_cancelled
from shared.contracts.jobs import JobStatus, JobView
from shared.rejections import JobNotFound, NotCancellable, NotRetryable
from shared.store import transitions
from shared.store.jobs import JobRepository

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
    async with front.database.transaction() as session:
        asked = await transitions.cancel(session, job_id, tenant_id)
    if asked is not None and asked.state is JobStatus.CANCELLED:
        # Before anything can fail that the caller would repeat, for then this was done already.
        await announce_cancelled(front.waiters, front.metrics, job_id, asked)
    job = await front.reads.job(job_id, tenant_id)
    if asked is None and job.status is not JobStatus.CANCELLED:
        raise NotCancellable(f"The job is {job.status} and can no longer be cancelled.")
    running = asked is not None and asked.state is JobStatus.RUNNING
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
    await _revive(front, job_id, tenant_id)
    async with front.database.transaction() as session:
        job = await JobRepository(session).find(job_id, tenant_id)
    if job is not None:
        await front.submissions.publish_again(job)
    return job_response(await front.reads.job(job_id, tenant_id), 202)


async def _revive(front: Front, job_id: UUID, tenant_id: str) -> None:
    job = await front.reads.job(job_id, tenant_id)
    front.draining.check()
    await front.admission.check(job.feature.queue, tenant_id)
    async with front.database.transaction() as session:
        revived = await transitions.revive(session, job_id, tenant_id)
    if not revived:
        raise NotRetryable(
            f"The job is {job.status}; only failed or cancelled jobs can be retried."
        )
