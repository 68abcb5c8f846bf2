"""The calls about the callbacks of a job and their deliveries."""

from uuid import UUID

from shared.client.calls.options import given
from shared.client.http import Call
from shared.contracts.callbacks import CallbackList, DeliveryView


def callbacks(job_id: UUID, *, tenant_id: str | None = None) -> Call[CallbackList]:
    """Return the callbacks of a job, each with what became of its deliveries."""
    query = given(tenant_id=tenant_id)
    return Call("GET", f"/api/v1/jobs/{job_id}/callbacks", CallbackList, query=query)


def redeliver(
    job_id: UUID, delivery_id: UUID, *, tenant_id: str | None = None
) -> Call[DeliveryView]:
    """Send a delivery once more, whatever became of it. Raises DeliveryNotFound."""
    return Call(
        "POST",
        f"/api/v1/jobs/{job_id}/callbacks/{delivery_id}/redeliver",
        DeliveryView,
        query=given(tenant_id=tenant_id),
        repeatable=False,
    )
