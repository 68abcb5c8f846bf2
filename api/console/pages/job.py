"""The page of one job, and its image."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import HTMLResponse

from api.console.job.shown import ShownJob, image_state, readable_job, shown_job
from api.console.live import live_region
from api.console.page_route import PageRoute
from api.console.rendering import RendererDep
from api.console.visit import ReaderDep, Visit
from api.front import Front, FrontDep
from api.requests.context import request_id_of
from api.routes.callbacks import list_job_callbacks
from api.routes.images import get_image
from shared.images.pdf_scale import MAX_PAGES
from shared.store.access.audit import record
from shared.store.hot.reading import JobRow

router = APIRouter(route_class=PageRoute)


@router.get("/jobs/{job_id}")
async def show(
    job_id: UUID, visit: ReaderDep, pages: RendererDep, front: FrontDep, request: Request
) -> HTMLResponse:
    """Return the page."""
    shown = await shown_job(front, visit.caller, job_id)
    await _note_look(front, visit, shown.job, "input.view", request)
    values = await _values(front, shown)
    image = await image_state(front, shown.job)
    return pages.page("job.html", image=image, base_url=str(request.base_url), **values)


@router.get("/jobs/{job_id}/live")
async def live(
    job_id: UUID, visit: ReaderDep, pages: RendererDep, front: FrontDep, request: Request
) -> Response:
    """Stream the part of the page that changes, until the job has ended."""
    await readable_job(front, visit.caller, job_id)
    last = ""

    async def render() -> str:
        nonlocal last
        if last:
            return last
        shown = await shown_job(front, visit.caller, job_id)
        html = pages.text("fragments/job.html", **await _values(front, shown))
        # What has ended stays as it is, so that nobody loses their place in it.
        last = html if shown.job.finished else ""
        return html

    return live_region(request, front, render)


@router.get("/jobs/{job_id}/image")
async def image(
    job_id: UUID,
    visit: ReaderDep,
    front: FrontDep,
    request: Request,
    page: Annotated[int, Query(ge=1, le=MAX_PAGES)] = 1,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Return a page of the image of a job, as the API shows it."""
    job = await readable_job(front, visit.caller, job_id)
    answer = await get_image(job_id, job.tenant_id, front, page, if_none_match)
    await _note_look(front, visit, job, "image.view", request)
    return answer


async def _values(front: Front, shown: ShownJob) -> dict[str, Any]:
    """Return what the templates need, beside the image."""
    job = shown.job
    found = await list_job_callbacks(job.id, job.tenant_id, front)
    links = (("Trace", front.settings.trace_url), ("Logs", front.settings.logs_url))
    return {
        "shown": shown,
        "job": job,
        "place": shown.place,
        "callbacks": found.callbacks,
        "links": [
            (name, template.replace("{trace_id}", job.trace_id))
            for name, template in links
            if template and job.trace_id
        ],
    }


async def _note_look(
    front: Front, visit: Visit, job: JobRow, action: str, request: Request
) -> None:
    """Record that somebody with a token for all tenants looks at what one of them has sent."""
    if not front.settings.needs_tokens or visit.caller.tenants is not None:
        return
    async with front.database.transaction() as session:
        await record(
            session,
            action,
            visit.caller.name,
            str(job.id),
            tenant_id=job.tenant_id,
            request_id=request_id_of(request),
        )
