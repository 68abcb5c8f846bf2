"""The page Queues: each queue in detail, and the switch that pauses it."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from api.backpressure.queue_limits import queue_limits
from api.console.live import live_region, shared
from api.console.page_route import PageRoute
from api.console.rendering import Renderer, RendererDep
from api.console.visit import ChangerOfAllDep, ReaderDep, Visit
from api.front import Front, FrontDep
from api.operating import queues
from api.requests.context import request_id_of

# Seconds, so short that a pause shows within two seconds on every open page: another front may
# have paused the queue, and the figures may be a second old.
_INTERVAL, _SHARED = 0.6, 0.3

router = APIRouter(route_class=PageRoute)


@router.get("/queues")
async def show(_visit: ReaderDep, pages: RendererDep, front: FrontDep) -> HTMLResponse:
    """Return the page."""
    return pages.page("queues.html", region=await _text(pages, front))


@router.get("/queues/live")
async def live(visit: ReaderDep, pages: RendererDep, front: FrontDep, request: Request) -> Response:
    """Stream the region of the page that changes."""
    return live_region(request, front, _region(pages, front, visit), interval=_INTERVAL)


@router.post("/queues/{queue}/pause")
async def pause(
    queue: str, visit: ChangerOfAllDep, pages: RendererDep, front: FrontDep, request: Request
) -> HTMLResponse:
    """Have workers take no more jobs of a queue, and return the region."""
    await queues.pause(front, queue, visit.caller.name, request_id_of(request))
    return HTMLResponse(await _text(pages, front))


@router.post("/queues/{queue}/resume")
async def resume(
    queue: str, visit: ChangerOfAllDep, pages: RendererDep, front: FrontDep, request: Request
) -> HTMLResponse:
    """Have workers take jobs of a queue again, and return the region."""
    await queues.resume(front, queue, visit.caller.name, request_id_of(request))
    return HTMLResponse(await _text(pages, front))


def _region(pages: Renderer, front: Front, visit: Visit) -> Callable[[], Awaitable[str]]:
    return shared(front, visit, "queues", lambda: _text(pages, front), max_age=_SHARED)


async def _text(pages: Renderer, front: Front) -> str:
    return pages.text(
        "fragments/queues.html",
        queues=await front.admission.views(),
        limits=queue_limits(front.settings),
        timeouts=front.settings.timeouts,
    )
