"""Calls for operators: delete what is stored for a tenant, and see what operators did."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request

from api.access.caller import OPERATES, AdministratorDep
from api.access.tenants import agreed_tenant
from api.front import FrontDep
from api.openapi.problems import STORED, problems
from api.requests.context import request_id_of
from api.telling.cancelled import announce_cancelled
from shared.contracts.service.access import AuditPage, AuditView, DeletedData
from shared.contracts.text import Identifier
from shared.image_errors import ImageStoreUnavailable, ImageStoreUnknown
from shared.rejections import InvalidRequest
from shared.store.access.audit import entries
from shared.store.access.tenant_data import delete_data
from shared.store.transitions.by_hand import Cancelling

_MOST_ENTRIES = 100

router = APIRouter(prefix="/api/v1", tags=["operations"])


@router.delete(
    "/tenants/{tenant_id:path}/data",
    response_model=DeletedData,
    responses=problems(InvalidRequest, ImageStoreUnavailable, ImageStoreUnknown, *STORED),
)
async def delete_tenant_data(
    tenant_id: Annotated[Identifier, Path()],
    caller: AdministratorDep,
    front: FrontDep,
    http: Request,
) -> DeletedData:
    """Delete everything that is stored for a tenant: jobs, images, callbacks and deliveries.

    Live jobs are cancelled first, and results that come later are refused. Jobs that are submitted
    after the call began stay. It can be repeated; where nothing is left it answers zeros. With an
    object store, it succeeds only when the last image is gone.
    """
    agreed_tenant(http, tenant_id)

    async def cancelled(job_id: UUID, cancelling: Cancelling) -> None:
        await announce_cancelled(front.waiters, front.metrics, job_id, cancelling)

    return await delete_data(
        front.database,
        front.images,
        tenant_id,
        actor=caller.name,
        request_id=request_id_of(http),
        cancelled=cancelled,
    )


@router.get(
    "/audit",
    response_model=AuditPage,
    dependencies=[OPERATES],
    responses=problems(InvalidRequest, *STORED),
)
async def list_audit(
    front: FrontDep,
    before: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    limit: Annotated[int, Query(ge=1, le=_MOST_ENTRIES)] = 50,
) -> AuditPage:
    """List what operators did, newest first. `next_before` is the `before` of the next page."""
    async with front.database.transaction() as session:
        found = await entries(session, limit + 1, before)
    shown = [
        AuditView(**{name: getattr(entry, name) for name in AuditView.model_fields})
        for entry in found[:limit]
    ]
    return AuditPage(entries=shown, next_before=shown[-1].id if len(found) > limit else None)
