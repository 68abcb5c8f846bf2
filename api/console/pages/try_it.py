"""The page Try it: submits a receipt or item names, and shows how the job goes."""

from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.datastructures import FormData, UploadFile

from api.access.sessions import CONSOLE
from api.access.tenants import agreed_tenant
from api.answering import accept_from
from api.console.live import is_still_admitted
from api.console.page_route import ImagePageRoute
from api.console.rendering import Renderer, RendererDep
from api.console.visit import ReaderDep, Visit, check_csrf
from api.errors import status_of
from api.front import Front, FrontDep
from api.job_views import output_of
from api.requests.body import BodyRequest
from api.requests.explanations import explain
from api.telling.streams import HEARTBEAT, next_news
from shared.access.scopes import Scope
from shared.contracts.categories import COMMON_LABELS
from shared.contracts.events import StageEvent
from shared.contracts.requests import JobRequest
from shared.errors import Bug, Draining, ServiceError
from shared.rejections import Forbidden, InvalidRequest, TenantRequired
from shared.store.states import JobState

_REQUEST: TypeAdapter[JobRequest] = TypeAdapter(JobRequest)
# Characters of a field of the form: 50 names of 500 characters fit.
_LONGEST_FIELD = 50_000
_SEND_TIMEOUT = 30

router = APIRouter(route_class=ImagePageRoute)


@router.get("/try")
async def show(visit: ReaderDep, pages: RendererDep, front: FrontDep) -> HTMLResponse:
    """Return the page with its two forms."""
    return _forms(visit, pages, front, {})


@router.post("/try")
async def submit(
    visit: ReaderDep, pages: RendererDep, front: FrontDep, request: Request
) -> Response:
    """Submit a job, and lead to where it can be watched; or show the form and what is wrong."""
    assert isinstance(request, BodyRequest)  # noqa: S101 (FastAPI wants the annotation `Request`)
    async with request.form(max_files=1, max_fields=10, max_part_size=_LONGEST_FIELD) as form:
        await check_csrf(request, visit)
        _check_submits(visit)
        written = {name: value for name, value in form.items() if isinstance(value, str)}
        try:
            wanted = _REQUEST.validate_python(await _wanted(request, form))
            submitted = await accept_from(request, front, wanted, None)
        except ServiceError as error:
            status = status_of(error.code, error.error_class)
            return _forms(visit, pages, front, written, error, status)
        except ValidationError as error:
            explained = explain(error.errors(include_input=False, include_url=False))
            return _forms(visit, pages, front, written, explained, 422)
    await front.submissions.publish(submitted)
    query = urlencode({"tenant_id": submitted.tenant_id})
    return RedirectResponse(f"{CONSOLE}/try/{submitted.id}?{query}", 303)


@router.get("/try/{job_id}")
async def watch(
    job_id: UUID,
    _visit: ReaderDep,
    pages: RendererDep,
    front: FrontDep,
    request: Request,
    tenant_id: Annotated[str, Query()],
) -> HTMLResponse:
    """Return the page that shows how a job goes, and its result."""
    _check_tenant(request)
    state = await front.reads.state(job_id, tenant_id)
    progress = await _progress(pages, front, state, [])
    stream = f"{CONSOLE}/try/{job_id}/live?{urlencode({'tenant_id': tenant_id})}"
    return pages.page("try_job.html", job_id=job_id, progress=progress, state=state, stream=stream)


@router.get("/try/{job_id}/live")
async def live(
    job_id: UUID,
    _visit: ReaderDep,
    pages: RendererDep,
    front: FrontDep,
    request: Request,
    tenant_id: Annotated[str, Query()],
) -> Response:
    """Stream the region that shows how a job goes, until `event: end` says that it has ended."""
    front.draining.check()
    _check_tenant(request)
    state = await front.reads.state(job_id, tenant_id)
    return EventSourceResponse(
        _regions(pages, front, state), ping=HEARTBEAT, sep="\n", send_timeout=_SEND_TIMEOUT
    )


async def _regions(pages: Renderer, front: Front, state: JobState) -> AsyncIterator[Any]:
    stages: list[StageEvent] = []
    is_admitted = partial(is_still_admitted, pages.request, front)
    with suppress(Draining, Bug), front.waiters.listen(state.event.job_id, None) as watch:
        watch.read(state)
        while (news := await next_news(watch, is_admitted)) is not None:
            if isinstance(news, StageEvent):
                stages = _with(stages, news)
            else:
                state = news
            region = await _progress(pages, front, state, stages)
            yield ServerSentEvent(region, event="region", sep="\n")
            if state.finished:
                yield ServerSentEvent("", event="end", sep="\n")
                return


def _with(stages: list[StageEvent], news: StageEvent) -> list[StageEvent]:
    """Return the stages with a new one, or with what is new of one of them, which began before."""
    if stages and stages[-1].stage == news.stage:
        return [*stages[:-1], news.model_copy(update={"at": stages[-1].at})]
    return [*stages, news]


async def _progress(
    pages: Renderer, front: Front, state: JobState, stages: list[StageEvent]
) -> str:
    """Return the region: the state, the stages so far, and in the end the result."""
    output = None
    if state.finished:
        job = await front.reads.job(state.event.job_id, state.tenant_id)
        output = output_of(job)
    result = None if output is None else to_json(output, indent=2).decode()
    return pages.text("fragments/try_progress.html", job=state.event, stages=stages, result=result)


async def _wanted(request: BodyRequest, form: FormData) -> dict[str, Any]:
    """Return the request that the form stands for, as a body of `POST /api/v1/jobs`.

    The request keeps the image. Raises InvalidRequest and TenantRequired.
    """
    tenant_id = agreed_tenant(request, _text(form, "tenant_id") or None)
    if tenant_id is None:
        raise TenantRequired
    labels = _lines(form, "labels")
    common = {"tenant_id": tenant_id, "metadata": {"fresh": True}}
    if "file" not in form:
        items = _lines(form, "names")
        if not items:
            raise InvalidRequest("Type at least one name.")
        payload = {"items": items, "candidate_labels": labels or list(COMMON_LABELS)}
        return {**common, "feature": "categorization_batch", "payload": payload}
    file = form["file"]
    if not isinstance(file, UploadFile) or not file.size:
        raise InvalidRequest("Choose a file.")
    request.keep_image(await file.read())
    options = {"candidate_labels": labels} if labels else {}
    reading = {"image_base64": "", "options": options}
    return {**common, "feature": "receipt_extraction", "payload": reading}


def _forms(
    visit: Visit,
    pages: Renderer,
    front: Front,
    written: dict[str, str],
    error: object = None,
    status: int = 200,
) -> HTMLResponse:
    return pages.page(
        "try_it.html",
        status=status,
        submits=visit.caller.may(Scope.JOBS_WRITE),
        tenant=written.get("tenant_id") or visit.caller.only_tenant or "",
        written=written,
        labels=COMMON_LABELS,
        largest=front.settings.max_image_bytes,
        error=error,
    )


def _check_submits(visit: Visit) -> None:
    if not visit.caller.may(Scope.JOBS_WRITE):
        raise Forbidden(f"The token lacks the scope {Scope.JOBS_WRITE}.")


def _check_tenant(request: Request) -> None:
    """Raise Forbidden unless the visitor acts for the tenant in the query."""
    agreed_tenant(request)


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def _lines(form: FormData, name: str) -> list[str]:
    return [line.strip() for line in _text(form, name).splitlines() if line.strip()]
