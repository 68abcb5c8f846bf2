"""The page Queues."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from api.console.page_route import PageRoute
from api.console.rendering import RendererDep
from api.console.visit import ReaderDep

router = APIRouter(route_class=PageRoute)


@router.get("/queues")
async def show(_visit: ReaderDep, pages: RendererDep) -> HTMLResponse:
    """Return the page."""
    return pages.page("placeholder.html", title="Queues")
