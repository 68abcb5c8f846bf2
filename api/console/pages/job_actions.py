"""What an operator does on the page of a job: cancel it, retry it, run it again, redeliver."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api import interventions
from api.access.sessions import CONSOLE
from api.console.job.again import edited_request
from api.console.job.shown import readable_job
from api.console.page_route import HTMX, PageRoute
from api.console.visit import ChangerDep, Visit
from api.front import FrontDep
from api.requests.context import request_id_of
from api.routes.callbacks import redeliver_callback
from api.submission.submitted import Work
from shared.contracts.requests import ReceiptRequest
from shared.store.access.audit import record
from shared.store.images.reading import read_image

router = APIRouter(route_class=PageRoute)


@router.post("/jobs/{job_id}/cancel")
async def cancel(job_id: UUID, visit: ChangerDep, front: FrontDep, request: Request) -> Response:
    """Cancel the job, and show it."""
    job = await readable_job(front, visit.caller, job_id)
    await interventions.cancel(front, job_id, job.tenant_id, _operator(visit, request))
    return _to_job(request, job_id)


@router.post("/jobs/{job_id}/retry")
async def retry(job_id: UUID, visit: ChangerDep, front: FrontDep, request: Request) -> Response:
    """Have the job run again as it is, and show it."""
    job = await readable_job(front, visit.caller, job_id)
    await interventions.retry(front, job_id, job.tenant_id, _operator(visit, request))
    return _to_job(request, job_id)


@router.post("/jobs/{job_id}/again")
async def run_again(job_id: UUID, visit: ChangerDep, front: FrontDep, request: Request) -> Response:
    """Submit the work of the job as a new one, with what the form changes in it, and show that.

    The new job has no callback, and its request id names the old one.
    """
    job = await readable_job(front, visit.caller, job_id)
    async with request.form() as form:
        edited = edited_request(job, dict(form))
    image = None
    if isinstance(edited, ReceiptRequest):
        stored = await read_image(front.database, front.images, job_id, job.tenant_id)
        image = stored.content
    submitted = await front.submissions.accept(Work(edited, image=image))
    await front.submissions.publish(submitted)
    operator = _operator(visit, request)
    async with front.database.transaction() as session:
        await record(
            session, "job.run_again", operator.name, str(job_id), **operator.about(job.tenant_id)
        )
    return _to_job(request, submitted.id)


@router.post("/jobs/{job_id}/callbacks/{delivery_id}/redeliver")
async def redeliver(
    job_id: UUID, delivery_id: str, visit: ChangerDep, front: FrontDep, request: Request
) -> Response:
    """Send a callback of the job again within seconds, and show the job."""
    job = await readable_job(front, visit.caller, job_id)
    await redeliver_callback(job_id, delivery_id, job.tenant_id, front)
    return _to_job(request, job_id)


def _operator(visit: Visit, request: Request) -> interventions.Operator:
    return interventions.Operator(visit.caller.name, request_id_of(request))


def _to_job(request: Request, job_id: UUID) -> Response:
    page = f"{CONSOLE}/jobs/{job_id}"
    if HTMX in request.headers:
        return Response(status_code=204, headers={"HX-Redirect": page})
    return RedirectResponse(page, 303)
