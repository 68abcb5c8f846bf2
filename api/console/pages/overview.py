"""The overview: every queue at a glance, the health of the service, and what needs somebody."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from api.console.live import live_region, shared
from api.console.page_route import PageRoute
from api.console.rendering import Renderer, RendererDep
from api.console.situation import situation
from api.console.visit import ReaderDep, Visit
from api.front import Front, FrontDep

# Seconds between two looks, so that a change of somebody else shows within two.
_INTERVAL = 1.0

router = APIRouter(route_class=PageRoute)


@router.get("")
async def show(visit: ReaderDep, pages: RendererDep, front: FrontDep) -> HTMLResponse:
    """Return the page."""
    return pages.page("overview.html", situation=await situation(front, visit))


@router.get("/live")
async def live(visit: ReaderDep, pages: RendererDep, front: FrontDep, request: Request) -> Response:
    """Stream the region of the page that changes."""
    return live_region(request, front, _region(pages, front, visit), interval=_INTERVAL)


def _region(pages: Renderer, front: Front, visit: Visit) -> Callable[[], Awaitable[str]]:
    async def render() -> str:
        return pages.text("fragments/overview.html", situation=await situation(front, visit))

    return shared(front, visit, "overview", render)
