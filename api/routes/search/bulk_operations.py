"""The calls that retry or cancel all jobs that meet conditions."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query, Response

from api.access.caller import READS, WRITES
from api.access.reach import Reach, ReachDep
from api.front import Front, FrontDep
from api.openapi.problems import TENANT, problems
from api.requests.body import BodyRoute
from api.requests.context import request_id_of
from shared.contracts.search.bulk import (
    BulkAction,
    BulkOperationList,
    BulkOperationView,
    BulkPreview,
    BulkRequest,
)
from shared.errors import Draining
from shared.rejections import BulkOperationNotFound, MalformedBody, RequestTooLarge, UnknownField
from shared.store.bulk import operations
from shared.store.bulk.selection import check_conditions, preview

router = APIRouter(prefix="/api/v1", tags=["jobs"], route_class=BodyRoute)

_STARTS = problems(*TENANT, UnknownField, MalformedBody, RequestTooLarge, Draining)
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": BulkPreview, "description": "The preview of a dry run"},
    202: {"description": "The operation has begun"},
}


@router.post(
    "/jobs/retry",
    status_code=202,
    dependencies=[WRITES],
    response_model=BulkOperationView,
    responses={**_ANSWERS, **_STARTS},
)
async def retry_jobs(request: BulkRequest, front: FrontDep, reach: ReachDep) -> Response:
    """Retry all jobs that meet conditions, in the background. With `dry_run`, only count them.

    Jobs that fail again meanwhile are not retried again. While a queue is full it waits.
    """
    return await _begin(BulkAction.RETRY, request, front, reach)


@router.post(
    "/jobs/cancel",
    status_code=202,
    dependencies=[WRITES],
    response_model=BulkOperationView,
    responses={**_ANSWERS, **_STARTS},
)
async def cancel_jobs(request: BulkRequest, front: FrontDep, reach: ReachDep) -> Response:
    """Cancel all jobs that meet conditions, in the background. With `dry_run`, only count them."""
    return await _begin(BulkAction.CANCEL, request, front, reach)


@router.get("/jobs/retry", include_in_schema=False)
@router.get("/jobs/cancel", include_in_schema=False)
async def refuse_reading() -> None:
    """Refuse to read what the call that reads a job would take for a job."""
    raise HTTPException(405, headers={"Allow": "POST"})


@router.get(
    "/bulk-operations",
    dependencies=[READS],
    response_model=BulkOperationList,
    responses=problems(*TENANT),
)
async def list_bulk_operations(
    front: FrontDep, reach: ReachDep, limit: Annotated[int, Query(ge=1, le=100)] = 20
) -> BulkOperationList:
    """List the latest bulk operations, newest first."""
    tenants = await reach.tenants()
    async with front.database.transaction() as session:
        return BulkOperationList(operations=list(await operations.latest(session, tenants, limit)))


@router.get(
    "/bulk-operations/{operation_id}",
    dependencies=[READS],
    response_model=BulkOperationView,
    responses=problems(*TENANT, BulkOperationNotFound),
)
async def get_bulk_operation(
    operation_id: UUID, front: FrontDep, reach: ReachDep
) -> BulkOperationView:
    """Return a bulk operation, and how far it has come."""
    tenants = await reach.tenants()
    async with front.database.transaction() as session:
        return _found(await operations.find(session, operation_id, tenants))


@router.post(
    "/bulk-operations/{operation_id}/stop",
    dependencies=[WRITES],
    response_model=BulkOperationView,
    responses=problems(*TENANT, BulkOperationNotFound),
)
async def stop_bulk_operation(
    operation_id: UUID, front: FrontDep, reach: ReachDep
) -> BulkOperationView:
    """Stop a bulk operation. What it has done stays; one that has ended stays as it is."""
    tenants = await reach.tenants()
    async with front.database.transaction() as session:
        stopped = await operations.stop(
            session,
            operation_id,
            tenants,
            actor=reach.caller.name,
            request_id=request_id_of(reach.http),
        )
    return _found(stopped)


async def _begin(action: BulkAction, request: BulkRequest, front: Front, reach: Reach) -> Response:
    tenants = await reach.tenants(request.tenant_id)
    check_conditions(action, request.where, all_jobs=request.all)
    if request.dry_run:
        async with front.database.transaction() as session:
            found = await preview(session, action, request.where, tenants)
        return Response(found.model_dump_json(), 200, media_type="application/json")
    front.draining.check()
    async with front.database.transaction() as session:
        begun = await operations.begin(
            session,
            action,
            request.where,
            tenants,
            actor=reach.caller.name,
            request_id=request_id_of(reach.http),
        )
    front.bulk.wake()
    place = f"/api/v1/bulk-operations/{begun.id}{'?all_tenants=true' if tenants is None else ''}"
    return Response(begun.model_dump_json(), 202, {"Location": place}, "application/json")


def _found(operation: BulkOperationView | None) -> BulkOperationView:
    if operation is None:
        raise BulkOperationNotFound
    return operation
