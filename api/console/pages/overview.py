"""The overview: every queue at a glance."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from api.console.live import live_region
from api.console.page_route import PageRoute
from api.console.rendering import Renderer, RendererDep
from api.console.visit import ReaderDep
from api.front import Front, FrontDep

router = APIRouter(route_class=PageRoute)


@router.get("")
async def show(_visit: ReaderDep, pages: RendererDep, front: FrontDep) -> HTMLResponse:
    """Return the page."""
    return pages.page("overview.html", queues=await front.admission.views())


@router.get("/live")
async def live(
    _visit: ReaderDep, pages: RendererDep, front: FrontDep, request: Request
) -> Response:
    """Stream the region of the page that changes."""
    return live_region(request, front, lambda: _region(pages, front))


async def _region(pages: Renderer, front: Front) -> str:
    return pages.text("fragments/overview.html", queues=await front.admission.views())
