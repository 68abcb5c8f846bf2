"""Examples of the calls about callbacks, and of a callback itself."""

from uuid import UUID

from api.openapi.examples.example import Examples
from api.openapi.examples.jobs import succeeded
from shared.contracts.callbacks import (
    CallbackBody,
    CallbackData,
    CallbackEvent,
    CallbackList,
    CallbackView,
    DeliveryState,
    DeliveryView,
)

_CALLBACK = UUID("0c5d2a0e-6f0f-4a53-9d0a-1f3b8e4f9a11")
_DELIVERY = UUID("f6b0a7f4-2a53-4f0a-8f52-6cf3ad6f5c10")


def examples() -> dict[str, Examples]:
    """Return the examples by `operationId`."""
    listed = CallbackView(
        id=_CALLBACK,
        url="https://app.example.com/ai-callbacks",
        events=list(CallbackEvent),
        include_output=False,
        created_at=succeeded().created_at,
        deliveries=[_delivery()],
    )
    return {
        "listJobCallbacks": Examples(answers={200: CallbackList(callbacks=[listed])}),
        "redeliverCallback": Examples(answers={202: _pending()}),
    }


def callback_body() -> CallbackBody:
    """Return the body that a receiver gets for a job that succeeded."""
    job = succeeded()
    assert job.finished_at is not None  # noqa: S101 (the job has ended)
    return CallbackBody(
        type=CallbackEvent.JOB_SUCCEEDED,
        timestamp=job.finished_at,
        data=CallbackData(
            job_id=job.id,
            tenant_id=job.tenant_id,
            user_id=job.user_id,
            request_id=job.request_id,
            feature=job.feature,
            status=job.status,
            finished_at=job.finished_at,
            trace_id=job.trace_id,
            error=None,
            output_payload=None,
        ),
    )


def _delivery() -> DeliveryView:
    return DeliveryView(
        id=_DELIVERY,
        event=CallbackEvent.JOB_SUCCEEDED,
        status=DeliveryState.DELIVERED,
        attempts=1,
        due_at=None,
        last_status=204,
        last_error=None,
        created_at=callback_body().timestamp,
        delivered_at=callback_body().timestamp,
    )


def _pending() -> DeliveryView:
    return _delivery().model_copy(
        update={
            "status": DeliveryState.PENDING,
            "attempts": 0,
            "due_at": callback_body().timestamp,
            "last_status": None,
            "delivered_at": None,
        }
    )
