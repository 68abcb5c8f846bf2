"""Examples of the calls that look after the callbacks of a job."""

from datetime import timedelta
from uuid import UUID

from api.openapi.examples.example import Examples
from api.openapi.examples.jobs import succeeded
from shared.contracts.callbacks import (
    CallbackEvent,
    CallbackList,
    CallbackView,
    DeliveryState,
    DeliveryView,
)


def examples() -> dict[str, Examples]:
    """Return the examples by `operationId`."""
    return {
        "listJobCallbacks": Examples(answers={200: _listed()}),
        "redeliverCallback": Examples(answers={202: _pending()}),
    }


def _listed() -> CallbackList:
    callback = CallbackView(
        id=UUID("5dd480cc-cdbd-4841-af99-4b14bf369e4d"),
        url="https://app.example.com/webhooks/ai",
        events=list(CallbackEvent),
        include_output=False,
        created_at=succeeded().created_at,
        deliveries=[_delivered()],
    )
    return CallbackList(callbacks=[callback])


def _pending() -> DeliveryView:
    ended = succeeded().finished_at or succeeded().created_at
    return DeliveryView(
        id=UUID("6c195799-a2d7-44c5-8e0b-d23a83699066"),
        event=CallbackEvent.JOB_SUCCEEDED,
        status=DeliveryState.PENDING,
        attempts=0,
        due_at=ended + timedelta(hours=1),
        last_status=503,
        last_error="The receiver answered 503.",
        created_at=ended,
        delivered_at=None,
    )


def _delivered() -> DeliveryView:
    return _pending().model_copy(
        update={
            "status": DeliveryState.DELIVERED,
            "attempts": 1,
            "due_at": None,
            "last_status": 204,
            "last_error": None,
            "delivered_at": _pending().created_at + timedelta(milliseconds=65),
        }
    )
