"""Examples of the calls that find jobs by conditions: failures and bulk operations."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from api.openapi.examples.example import TENANT, Examples
from api.openapi.examples.items import metadata
from shared.contracts.search.bulk import (
    BulkAction,
    BulkOperationList,
    BulkOperationView,
    BulkPreview,
    BulkRequest,
    BulkState,
)
from shared.contracts.search.conditions import Conditions
from shared.contracts.search.failures import FailureGroup, FailureList
from shared.errors import TimedOut

_BEGUN = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)
_WHERE = Conditions(code=TimedOut.code)


def examples() -> dict[str, Examples]:
    """Return the examples by `operationId`."""
    retry, cancel = _view(BulkAction.RETRY), _view(BulkAction.CANCEL)
    preview = BulkPreview(matched=230, at_least=False, sample=[metadata().job_id])
    return {
        "listFailures": Examples(answers={200: _failures()}),
        "retryJobs": Examples({"All timeouts": _request()}, {200: preview, 202: retry}),
        "cancelJobs": Examples({"All timeouts": _request()}, {200: preview, 202: cancel}),
        "listBulkOperations": Examples(answers={200: BulkOperationList(operations=[retry])}),
        "getBulkOperation": Examples(answers={200: retry}),
        "stopBulkOperation": Examples(answers={200: _stopped()}),
    }


def _request() -> BulkRequest:
    return BulkRequest(tenant_id=TENANT, where=_WHERE)


def _view(action: BulkAction) -> BulkOperationView:
    return BulkOperationView(
        id=UUID("0b7d6a70-1f0e-4b0a-9c55-0d5a2f8f3c11"),
        action=action,
        where=_WHERE,
        tenants=[TENANT],
        actor="1f0c9a72d4e8",
        state=BulkState.RUNNING,
        waits_for=None,
        matched=230,
        done=100,
        skipped=0,
        refusals={},
        created_at=_BEGUN,
        changed_at=_BEGUN + timedelta(seconds=1),
        finished_at=None,
    )


def _stopped() -> BulkOperationView:
    ended = {"state": BulkState.STOPPED, "finished_at": _BEGUN + timedelta(seconds=1)}
    return _view(BulkAction.RETRY).model_copy(update=ended)


def _failures() -> FailureList:
    group = FailureGroup(
        fingerprint="5f2a9c03d1be",
        error_class=TimedOut.error_class,
        code=TimedOut.code,
        place=None,
        message="The work took longer than its limit of <number> s.",
        count=230,
        tenants=1,
        first_seen=_BEGUN - timedelta(hours=2),
        last_seen=_BEGUN,
        trend=[0] * 21 + [30, 120, 80],
        example=metadata().job_id,
    )
    return FailureList(groups=[group], at_least=False)
