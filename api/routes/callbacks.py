"""Calls that list the callbacks of a job with their deliveries, and send one again."""

from collections.abc import Iterable
from uuid import UUID

from fastapi import APIRouter

from api.access.caller import READS, WRITES
from api.front import FrontDep, TenantDep
from api.openapi.problems import TENANT, problems
from shared.callback_urls import CallbackHosts
from shared.contracts.callbacks import CallbackList, CallbackView, DeliveryState, DeliveryView
from shared.rejections import CallbackRefused, DeliveryNotFound, JobNotFound
from shared.store.callbacks.views import callbacks_of, redeliver, url_of_delivery
from shared.store.models import CallbackDelivery, JobCallback

router = APIRouter(prefix="/api/v1/jobs", tags=["callbacks"])


@router.get(
    "/{job_id}/callbacks",
    dependencies=[READS],
    response_model=CallbackList,
    responses=problems(*TENANT, JobNotFound),
)
async def list_job_callbacks(job_id: UUID, tenant_id: TenantDep, front: FrontDep) -> CallbackList:
    """Return the callbacks of a job, and what became of each delivery."""
    await front.reads.state(job_id, tenant_id)
    async with front.database.transaction() as session:
        found = await callbacks_of(session, job_id)
    return CallbackList(callbacks=[_view(callback, rows) for callback, rows in found])


@router.post(
    "/{job_id}/callbacks/{delivery_id}/redeliver",
    status_code=202,
    dependencies=[WRITES],
    response_model=DeliveryView,
    responses={
        202: {"description": "The delivery will be sent within seconds"},
        **problems(*TENANT, JobNotFound, DeliveryNotFound, CallbackRefused),
    },
)
async def redeliver_callback(
    job_id: UUID, delivery_id: str, tenant_id: TenantDep, front: FrontDep
) -> DeliveryView:
    """Send a callback again within seconds, whether it is pending, delivered or dead.

    The request has the same `webhook-id`, and is tried for another day. A receiver that
    remembers the id ignores what it has already handled. A URL that CALLBACK_HOSTS no longer
    allows is refused.
    """
    await front.reads.state(job_id, tenant_id)
    async with front.database.transaction() as session:
        url = await url_of_delivery(session, job_id, delivery := _uuid(delivery_id))
        if url is None:
            raise DeliveryNotFound
        # Workers would refuse it as well, for a day.
        CallbackHosts(front.settings.callback_hosts).check(url)
        sent = await redeliver(session, job_id, delivery)
    if sent is None:
        raise DeliveryNotFound
    return _view_delivery(sent)


def _uuid(delivery_id: str) -> UUID:
    try:
        return UUID(delivery_id)
    except ValueError:
        raise DeliveryNotFound from None


def _view(callback: JobCallback, deliveries: Iterable[CallbackDelivery]) -> CallbackView:
    columns = {
        name: getattr(callback, name) for name in CallbackView.model_fields if name != "deliveries"
    }
    return CallbackView(**columns, deliveries=[_view_delivery(row) for row in deliveries])


def _view_delivery(delivery: CallbackDelivery) -> DeliveryView:
    pending = delivery.state == DeliveryState.PENDING
    return DeliveryView(
        id=delivery.id,
        event=delivery.event,
        status=DeliveryState(delivery.state),
        attempts=delivery.attempts,
        due_at=delivery.due_at if pending else None,
        last_status=delivery.last_status,
        last_error=delivery.last_error,
        created_at=delivery.created_at,
        delivered_at=delivery.delivered_at,
    )
