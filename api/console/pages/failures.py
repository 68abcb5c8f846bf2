"""The page Failures: failed jobs in groups of the same kind."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from api.console.live import live_region
from api.console.page_route import PageRoute
from api.console.pictures.bars import HEIGHT, bars, width_of
from api.console.rendering import RendererDep
from api.console.visit import ReaderDep, Visit
from api.front import Front, FrontDep
from shared.contracts.features import Feature
from shared.contracts.search.failures import FailureList
from shared.errors import ErrorClass
from shared.store.search.failures import failures

router = APIRouter(route_class=PageRoute)
# Seconds between two looks at the groups, each of which reads the index of failures.
_INTERVAL = 15.0
_PICTURE: dict[str, Any] = {"bars": bars, "width_of": width_of, "height": HEIGHT}


@router.get("/failures")
async def show(
    visit: ReaderDep,
    pages: RendererDep,
    front: FrontDep,
    feature: Feature | None = None,
    error_class: ErrorClass | None = None,
) -> HTMLResponse:
    """Return the page."""
    return pages.page(
        "failures.html",
        failures=await _groups(front, visit, feature, error_class),
        feature=feature,
        error_class=error_class,
        features=list(Feature),
        error_classes=[kind for kind in ErrorClass if kind is not ErrorClass.CANCELLED],
        **_PICTURE,
    )


@router.get("/failures/live")
async def live(
    visit: ReaderDep,
    pages: RendererDep,
    front: FrontDep,
    request: Request,
    feature: Feature | None = None,
    error_class: ErrorClass | None = None,
) -> Response:
    """Stream the groups."""

    async def render() -> str:
        found = await _groups(front, visit, feature, error_class)
        return pages.text("fragments/failures.html", failures=found, **_PICTURE)

    return live_region(request, front, render, interval=_INTERVAL)


async def _groups(
    front: Front, visit: Visit, feature: Feature | None, error_class: ErrorClass | None
) -> FailureList:
    tenants = visit.caller.tenants
    return await failures(front.database.fetch, tenants, feature=feature, error_class=error_class)
