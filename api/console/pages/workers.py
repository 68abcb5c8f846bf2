"""The page Workers: what each can do and does, and the switch that drains it."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from api.console.live import live_region, shared
from api.console.page_route import PageRoute
from api.console.rendering import Renderer, RendererDep
from api.console.visit import ChangerOfAllDep, ReaderDep, Visit
from api.front import Front, FrontDep
from api.operating import workers
from api.requests.context import request_id_of
from shared.store.fleet import running_jobs

# Seconds between two looks, so that a change of somebody else shows within two.
_INTERVAL = 1.0

router = APIRouter(route_class=PageRoute)


@router.get("/workers")
async def show(visit: ReaderDep, pages: RendererDep, front: FrontDep) -> HTMLResponse:
    """Return the page."""
    return pages.page("workers.html", region=await _text(pages, front, visit))


@router.get("/workers/live")
async def live(visit: ReaderDep, pages: RendererDep, front: FrontDep, request: Request) -> Response:
    """Stream the region of the page that changes."""
    return live_region(request, front, _region(pages, front, visit), interval=_INTERVAL)


@router.post("/workers/{worker_id}/drain")
async def drain(
    worker_id: str, visit: ChangerOfAllDep, pages: RendererDep, front: FrontDep, request: Request
) -> HTMLResponse:
    """Have a worker take no more jobs, and return the region."""
    await workers.drain(front, worker_id, visit.caller.name, request_id_of(request))
    return HTMLResponse(await _text(pages, front, visit))


@router.post("/workers/{worker_id}/resume")
async def resume(
    worker_id: str, visit: ChangerOfAllDep, pages: RendererDep, front: FrontDep, request: Request
) -> HTMLResponse:
    """Have a worker take jobs again, and return the region."""
    await workers.resume(front, worker_id, visit.caller.name, request_id_of(request))
    return HTMLResponse(await _text(pages, front, visit))


def _region(pages: Renderer, front: Front, visit: Visit) -> Callable[[], Awaitable[str]]:
    return shared(front, visit, "workers", lambda: _text(pages, front, visit))


async def _text(pages: Renderer, front: Front, visit: Visit) -> str:
    found = await workers.workers(front)
    running = await running_jobs(front.database.fetch, visit.caller.tenants)
    return pages.text("fragments/workers.html", workers=found, running=running)
