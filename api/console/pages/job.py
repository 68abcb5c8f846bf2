"""The page of one job."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from api.console.page_route import PageRoute
from api.console.rendering import RendererDep
from api.console.visit import ReaderDep

router = APIRouter(route_class=PageRoute)


@router.get("/jobs/{job_id}")
async def show(job_id: UUID, _visit: ReaderDep, pages: RendererDep) -> HTMLResponse:
    """Return the page."""
    return pages.page("placeholder.html", title=f"Job {job_id}")
