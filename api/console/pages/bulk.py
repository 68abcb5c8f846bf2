"""The pages of bulk operations: a preview to confirm, the progress, and the latest ones."""

import re
from collections.abc import Collection
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import ValidationError
from starlette.datastructures import FormData

from api.access.sessions import CONSOLE
from api.access.tenants import permitted_tenant
from api.console.live import live_region
from api.console.page_route import PageRoute
from api.console.rendering import RendererDep
from api.console.visit import ChangerDep, ReaderDep, Visit
from api.front import Front, FrontDep
from api.requests.context import request_id_of
from shared.contracts.search.bulk import BulkAction, BulkOperationView
from shared.contracts.search.conditions import Conditions
from shared.rejections import BulkOperationNotFound, InvalidRequest
from shared.store.bulk import operations
from shared.store.bulk.selection import check_conditions, preview

router = APIRouter(route_class=PageRoute)
_SHOWN = 50
_TIMES = {"since", "until"}
_WITHOUT_OFFSET = re.compile(r"T[\d:.]+$")


@router.get("/bulk")
async def show_latest(visit: ReaderDep, pages: RendererDep, front: FrontDep) -> HTMLResponse:
    """Return the page of the latest operations."""
    async with front.database.transaction() as session:
        latest = await operations.latest(session, visit.caller.tenants, _SHOWN)
    return pages.page("bulk_latest.html", operations=latest)


@router.post("/bulk")
async def preview_or_begin(
    visit: ChangerDep,
    pages: RendererDep,
    front: FrontDep,
    request: Request,
    action: Annotated[BulkAction, Form()],
    confirmed: Annotated[bool, Form()] = False,
) -> Response:
    """Return the preview of an operation, or begin one that was confirmed.

    The form has `ids`, or `all` for all that meet its conditions, and perhaps a `tenant`.
    """
    form = await request.form()
    where, tenants = _conditions(form), _tenants(visit, form)
    check_conditions(action, where, all_jobs="all" in form)
    if not confirmed:
        async with front.database.transaction() as session:
            found = await preview(session, action, where, tenants)
        sent = [(name, value) for name, value in form.multi_items() if name != "csrf"]
        return pages.page(
            "bulk_preview.html",
            action=action,
            found=found,
            sent=sent,
            conditions=_shown(where),
            tenants=tenants,
        )
    front.draining.check()
    async with front.database.transaction() as session:
        begun = await operations.begin(
            session,
            action,
            where,
            tenants,
            actor=visit.caller.name,
            request_id=request_id_of(request),
        )
    front.bulk.wake()
    return RedirectResponse(f"{CONSOLE}/bulk/{begun.id}", 303)


@router.get("/bulk/{operation_id}")
async def show(
    operation_id: UUID, visit: ReaderDep, pages: RendererDep, front: FrontDep
) -> HTMLResponse:
    """Return the page of an operation."""
    found = await _operation(front, visit, operation_id)
    return pages.page("bulk.html", operation=found, conditions=_shown(found.where))


@router.get("/bulk/{operation_id}/live")
async def live(
    operation_id: UUID, visit: ReaderDep, pages: RendererDep, front: FrontDep, request: Request
) -> Response:
    """Stream how far an operation has come."""

    async def render() -> str:
        found = await _operation(front, visit, operation_id)
        return pages.text("fragments/bulk.html", operation=found)

    return live_region(request, front, render, interval=1.0)


@router.post("/bulk/{operation_id}/stop")
async def stop(
    operation_id: UUID, visit: ChangerDep, front: FrontDep, request: Request
) -> RedirectResponse:
    """Stop an operation."""
    async with front.database.transaction() as session:
        stopped = await operations.stop(
            session,
            operation_id,
            visit.caller.tenants,
            actor=visit.caller.name,
            request_id=request_id_of(request),
        )
    if stopped is None:
        raise BulkOperationNotFound
    return RedirectResponse(f"{CONSOLE}/bulk/{operation_id}", 303)


async def _operation(front: Front, visit: Visit, operation_id: UUID) -> BulkOperationView:
    async with front.database.transaction() as session:
        found = await operations.find(session, operation_id, visit.caller.tenants)
    if found is None:
        raise BulkOperationNotFound
    return found


def _conditions(form: FormData) -> Conditions:
    named: dict[str, Any] = {
        name: form[name] for name in Conditions.model_fields if form.get(name) and name != "ids"
    }
    if "all" not in form:
        named["ids"] = form.getlist("ids")
        if not named["ids"]:
            raise InvalidRequest("Select jobs first, or all that match.")
    for name in _TIMES & named.keys():
        # The field of a form has no offset.
        named[name] = f"{named[name]}Z" if _WITHOUT_OFFSET.search(str(named[name])) else named[name]
    try:
        return Conditions.model_validate(named)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InvalidRequest(f"{place}: {first['msg']}") from error


def _tenants(visit: Visit, form: FormData) -> Collection[str] | None:
    named = form.get("tenant")
    if not isinstance(named, str) or not named:
        return visit.caller.tenants
    return [permitted_tenant(visit.caller, named)]


def _shown(where: Conditions) -> dict[str, object]:
    """Return the conditions as a page shows them, with the number of ids in place of them."""
    shown = where.model_dump(mode="json", exclude_none=True)
    if where.ids is not None:
        shown["ids"] = f"{len(where.ids)} selected jobs"
    return shown
