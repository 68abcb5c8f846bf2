"""The page Jobs: finds jobs, and selects those to retry or cancel."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from api.access.caller import Caller
from api.access.sessions import CONSOLE
from api.console.job_filters import JobFilters, read_filters
from api.console.live import live_region
from api.console.page_route import PageRoute
from api.console.rendering import Renderer, RendererDep
from api.console.visit import ReaderDep
from api.front import Front, FrontDep
from api.requests.listing import encode_cursor
from shared.contracts.features import Feature
from shared.contracts.jobs import JobStatus
from shared.errors import ErrorClass
from shared.rejections import InvalidRequest
from shared.store.search.counting import MOST_COUNTED
from shared.store.search.finding import find_jobs
from shared.store.search.lines import read_lines
from shared.store.search.ordered import Search
from shared.store.search.places import indexed_places

router = APIRouter(route_class=PageRoute)

_JOBS = f"{CONSOLE}/jobs"
_PAGE = 50
# Seconds between two looks at the jobs that a page shows.
_INTERVAL = 5.0


@router.get("/jobs")
async def show(
    visit: ReaderDep, pages: RendererDep, front: FrontDep, request: Request, q: str = ""
) -> Response:
    """Return the page, or lead to what the search box asks for as `q`."""
    if q.strip():
        return RedirectResponse(await _answer_to(q.strip(), front, visit.caller), 303)
    filters = read_filters(request.query_params, visit.caller)
    counts, found = await asyncio.gather(
        request.app.state.job_counts.of(front.database, filters.search),
        find_jobs(front.database, filters.search, _PAGE),
    )
    ids = [job_id for _, job_id in found.places]
    return pages.page(
        "jobs.html",
        filters=filters,
        statuses=[*JobStatus],
        features=[*Feature],
        error_classes=[*ErrorClass],
        counts=counts,
        most_counted=MOST_COUNTED,
        found=found,
        older=encode_cursor(found.end) if found.end else None,
        live=_live_address(filters, ids),
        **await _shown(front, filters, ids),
    )


@router.get("/jobs/live")
async def live(
    visit: ReaderDep,
    pages: RendererDep,
    front: FrontDep,
    request: Request,
    shown: Annotated[list[UUID], Query(max_length=_PAGE, default_factory=list)],
) -> Response:
    """Stream the jobs that a page shows, with how many new ones there are."""
    filters = read_filters(request.query_params, visit.caller)
    return live_region(
        request, front, lambda: _region(pages, front, filters, shown), interval=_INTERVAL
    )


async def _region(pages: Renderer, front: Front, filters: JobFilters, ids: Sequence[UUID]) -> str:
    values = await _shown(front, filters, ids, newer=await _newer(front, filters.search, ids))
    return pages.text("fragments/jobs.html", filters=filters, **values)


async def _shown(
    front: Front, filters: JobFilters, ids: Sequence[UUID], newer: int = 0
) -> dict[str, Any]:
    """Return what the region that changes shows. The jobs stay where they are, for those who
    select some."""
    jobs = await read_lines(front.database, ids, filters.search.tenants)
    return {"jobs": jobs, "newer": newer, "most_newer": _PAGE, "back": filters.query}


async def _newer(front: Front, search: Search, ids: Sequence[UUID]) -> int:
    """Return how many jobs have come since the first page was made, at most a page; 0 on others,
    and where an index does not find them."""
    if search.before is not None or indexed_places(search, 1) is None:
        return 0
    newest = [job_id for _, job_id in (await find_jobs(front.database, search, _PAGE)).places]
    known = {*ids}
    return next((place for place, id_ in enumerate(newest) if id_ in known), len(newest))


def _live_address(filters: JobFilters, ids: Sequence[UUID]) -> str:
    cursor = filters.search.before
    query = {**filters.values, "shown": [str(job_id) for job_id in ids]}
    if cursor is not None:
        query["cursor"] = encode_cursor(cursor)
    return f"{_JOBS}/live?{urlencode(query, doseq=True)}"


async def _answer_to(text: str, front: Front, caller: Caller) -> str:
    """Return the address of what somebody looks for: a job by its id, else the jobs of a request
    or of a trace, else those with the text in their input."""
    if (job_id := _uuid(text)) and await read_lines(front.database, [job_id], caller.tenants):
        return f"{_JOBS}/{job_id}"
    for name in ("request_id", "trace_id"):
        try:
            filters = read_filters({name: text}, caller)
        except InvalidRequest:
            continue
        if (await find_jobs(front.database, filters.search, 1)).places:
            return f"{_JOBS}?{filters.query}"
    return f"{_JOBS}?{urlencode({'text': text})}"


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
