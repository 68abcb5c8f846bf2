"""The calls about all jobs that meet conditions, and about failures."""

from datetime import datetime
from uuid import UUID

from shared.client.calls.options import given
from shared.client.http import Call
from shared.contracts.search.bulk import (
    BulkAction,
    BulkOperationList,
    BulkOperationView,
    BulkPreview,
)
from shared.contracts.search.conditions import Conditions
from shared.contracts.search.failures import FailureList

_OPERATIONS = "/api/v1/bulk-operations"


def failures(
    *,
    feature: str | None = None,
    error_class: str | None = None,
    since: datetime | None = None,
    all_tenants: bool = False,
    tenant_id: str | None = None,
) -> Call[FailureList]:
    """Return failed jobs in groups of the same kind, the latest first. `since` needs an offset.

    An operator may ask for those of all tenants.
    """
    query = given(
        feature=feature,
        error_class=error_class,
        since=since and since.isoformat(),
        all_tenants=_true(all_tenants),
        tenant_id=tenant_id,
    )
    return Call("GET", "/api/v1/failures", FailureList, query=query, owned=not all_tenants)


def preview_bulk(
    action: BulkAction, where: Conditions, *, all_jobs: bool = False, all_tenants: bool = False
) -> Call[BulkPreview]:
    """Return how many jobs `begin_bulk` would be about, and some of them. It changes nothing."""
    body = {**_body(where, all_jobs=all_jobs), "dry_run": True}
    path = _path(action, all_tenants=all_tenants)
    return Call("POST", path, BulkPreview, json=body, owned=not all_tenants)


def begin_bulk(
    action: BulkAction, where: Conditions, *, all_jobs: bool = False, all_tenants: bool = False
) -> Call[BulkOperationView]:
    """Begin to retry or to cancel all jobs that meet the conditions; return the bulk operation.

    Without any condition `all_jobs` has to be true. An operator may mean those of all tenants.
    """
    body = _body(where, all_jobs=all_jobs)
    path = _path(action, all_tenants=all_tenants)
    return Call("POST", path, BulkOperationView, json=body, owned=not all_tenants, repeatable=False)


def bulk_operation(
    operation_id: UUID, *, all_tenants: bool = False, tenant_id: str | None = None
) -> Call[BulkOperationView]:
    """Return a bulk operation, and how far it has come."""
    query = given(all_tenants=_true(all_tenants), tenant_id=tenant_id)
    path = f"{_OPERATIONS}/{operation_id}"
    return Call("GET", path, BulkOperationView, query=query, owned=not all_tenants)


def bulk_operations(
    *, limit: int | None = None, all_tenants: bool = False, tenant_id: str | None = None
) -> Call[BulkOperationList]:
    """Return the latest bulk operations, newest first: up to 100, 20 by default."""
    query = given(limit=limit, all_tenants=_true(all_tenants), tenant_id=tenant_id)
    return Call("GET", _OPERATIONS, BulkOperationList, query=query, owned=not all_tenants)


def stop_bulk_operation(
    operation_id: UUID, *, all_tenants: bool = False, tenant_id: str | None = None
) -> Call[BulkOperationView]:
    """Stop a bulk operation. What it has done stays; one that has ended stays as it is."""
    query = given(all_tenants=_true(all_tenants), tenant_id=tenant_id)
    path = f"{_OPERATIONS}/{operation_id}/stop"
    return Call("POST", path, BulkOperationView, query=query, owned=not all_tenants)


def _path(action: BulkAction, *, all_tenants: bool) -> str:
    return f"/api/v1/jobs/{action}" + ("?all_tenants=true" if all_tenants else "")


def _body(where: Conditions, *, all_jobs: bool) -> dict[str, object]:
    return {"where": where.model_dump(mode="json", exclude_none=True), "all": all_jobs}


def _true(value: bool) -> str | None:
    return "true" if value else None
