"""Makes the signed request of a callback, as Standard Webhooks defines it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from standardwebhooks import Webhook

from shared.contracts.callbacks import CallbackBody, CallbackData
from shared.store.callbacks.deliveries import ClaimedDelivery
from shared.telemetry.trace_context import inject, trace_id
from shared.version import SERVICE, service_version


@dataclass(frozen=True)
class SignedRequest:
    """The headers and the JSON body of one attempt."""

    headers: Mapping[str, str]
    body: bytes


class Signer:
    """Signs callbacks with every key, so that receivers may replace theirs one by one."""

    def __init__(self, secrets: Sequence[str]) -> None:
        """Use keys that begin with `whsec_`."""
        self._keys = [Webhook(secret) for secret in secrets]

    def request(self, claimed: ClaimedDelivery, now: datetime) -> SignedRequest:
        """Return the request of an attempt at `now`, which receivers compare with their clock.

        The trace context is that of the current span.
        """
        body = _body(claimed).model_dump_json()
        delivery = str(claimed.id)
        signatures = [key.sign(delivery, now.astimezone(UTC), body) for key in self._keys]
        traceparent = inject().get("traceparent")
        headers = {
            "content-type": "application/json",
            "user-agent": f"{SERVICE}/{service_version()}",
            "webhook-id": delivery,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
            **({"traceparent": traceparent} if traceparent else {}),
        }
        return SignedRequest(headers, body.encode())


def _body(claimed: ClaimedDelivery) -> CallbackBody:
    return CallbackBody(
        type=claimed.event,
        timestamp=claimed.finished_at,
        data=CallbackData(
            job_id=claimed.job_id,
            tenant_id=claimed.tenant_id,
            user_id=claimed.user_id,
            request_id=claimed.request_id,
            feature=claimed.feature,
            status=claimed.event.status,
            finished_at=claimed.finished_at,
            trace_id=trace_id(claimed.trace_carrier),
            error=claimed.error,
            output_payload=claimed.output,
        ),
    )
