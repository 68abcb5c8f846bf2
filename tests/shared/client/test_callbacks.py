"""Verifying callbacks, and the calls about their deliveries."""

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from standardwebhooks import Webhook

from shared.client import UnknownCallback, verify_callback
from shared.client.errors import CallbackNotVerified
from shared.contracts.callbacks import CallbackBody, CallbackEvent, DeliveryState
from shared.errors import BadInput
from tests.support.both_clients import Kind, open_client
from tests.support.scripted_server import html, ok, scripted

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
OLD_SECRET = "whsec_" + base64.b64encode(b"o" * 24).decode()
BODY: dict[str, Any] = {
    "type": "job.failed",
    "timestamp": "2026-03-14T12:00:00Z",
    "data": {
        "job_id": str(uuid4()),
        "tenant_id": "hâushalt",
        "user_id": None,
        "request_id": "r-1",
        "feature": "categorization",
        "status": "failed",
        "finished_at": "2026-03-14T12:00:00Z",
        "trace_id": None,
        "error": {
            "code": "no_text_found",
            "error_class": "bad_input",
            "detail": "No text.",
            "retryable": False,
        },
        "output_payload": None,
        "added_later": 1,
    },
}
RAW = json.dumps(BODY, ensure_ascii=False).encode()


def signed(
    body: bytes = RAW, secret: str = SECRET, ago: timedelta = timedelta(0)
) -> dict[str, str]:
    """Return the headers that the library of Standard Webhooks makes for a body."""
    # The library takes the naive time as UTC.
    at = datetime.now(UTC) - ago
    return {
        "webhook-id": "d-1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign("d-1", at, body.decode()),
    }


def test_a_callback_is_verified_and_typed() -> None:
    """The header names may have any case, as frameworks pass them on."""
    headers = {name.title(): value for name, value in signed().items()}

    event = verify_callback(headers, RAW, [SECRET])

    assert isinstance(event, CallbackBody)
    assert event.type is CallbackEvent.JOB_FAILED
    assert event.data.job_id == UUID(BODY["data"]["job_id"])
    assert event.data.tenant_id == "hâushalt"
    assert event.data.error is not None
    assert event.data.error.code == "no_text_found"


def test_secrets_can_be_rotated() -> None:
    """For a while the service signs with two secrets; each receiver knows one or both."""
    new, old = signed(), signed(secret=OLD_SECRET)
    both = {**new, "webhook-signature": f"{old['webhook-signature']} {new['webhook-signature']}"}

    for headers, secrets in ((both, [SECRET]), (both, [OLD_SECRET]), (old, [SECRET, OLD_SECRET])):
        assert verify_callback(headers, RAW, secrets).type is CallbackEvent.JOB_FAILED


@pytest.mark.parametrize("change", [{"type": "job.paused"}, {"data": {"job_id": "j"}}])
def test_what_a_newer_service_signs_is_no_forgery(change: dict[str, Any]) -> None:
    """A receiver that answers 401 to it would be sent it for a day."""
    body = json.dumps({**BODY, **change}).encode()

    event = verify_callback(signed(body), body, [SECRET])

    assert isinstance(event, UnknownCallback)
    assert (event.type, event.data) == ({**BODY, **change}["type"], {**BODY, **change}["data"])


def test_a_secret_may_lack_its_prefix() -> None:
    """The library of Standard Webhooks takes both forms."""
    assert verify_callback(signed(), RAW, [SECRET.removeprefix("whsec_")])


# Headers and bodies, made when the test runs: the time in them counts.
WRONG: dict[str, tuple[Callable[[], Mapping[str, str]], bytes, str]] = {
    "another secret": (lambda: signed(secret=OLD_SECRET), RAW, "No signature"),
    "another body": (signed, RAW.replace(b"r-1", b"r-2"), "No signature"),
    "another id": (lambda: {**signed(), "webhook-id": "d-2"}, RAW, "No signature"),
    "another version": (
        lambda: {name: value.replace("v1,", "v2,") for name, value in signed().items()},
        RAW,
        "No signature",
    ),
    "no ascii": (lambda: {**signed(), "webhook-signature": "v1,ä"}, RAW, "No signature"),
    "no signature": (lambda: {**signed(), "webhook-signature": ""}, RAW, "no header webhook-sig"),
    "no headers": (dict, RAW, "webhook-id and no webhook-timestamp and no webhook-signature"),
    "too old": (lambda: signed(ago=timedelta(seconds=330)), RAW, "more than 300 s"),
    "too new": (lambda: signed(ago=timedelta(seconds=-330)), RAW, "more than 300 s"),
    "no time": (lambda: {**signed(), "webhook-timestamp": "1e9"}, RAW, "no number"),
    "a long time": (lambda: {**signed(), "webhook-timestamp": "9" * 5000}, RAW, "no number"),
    "no callback": (lambda: signed(b"{}"), b"{}", "no callback"),
}


@pytest.mark.parametrize(("headers", "body", "said"), WRONG.values(), ids=WRONG)
def test_what_the_service_did_not_send_is_refused(
    headers: Callable[[], Mapping[str, str]], body: bytes, said: str
) -> None:
    """The error says what is wrong, which is BadInput, and shows no secret."""
    with pytest.raises(CallbackNotVerified, match=said) as caught:
        verify_callback(headers(), body, [SECRET])

    assert isinstance(caught.value, BadInput)
    assert SECRET not in str(caught.value)


def test_the_tolerance_can_be_chosen() -> None:
    """A receiver that queues its requests may need more."""
    headers = signed(ago=timedelta(seconds=330))

    assert verify_callback(headers, RAW, [SECRET], tolerance=600).type is CallbackEvent.JOB_FAILED


@pytest.mark.parametrize("secrets", [[], [""], ["whsec_"], ["whsec_$$$"], ["not base64"]])
def test_secrets_that_are_none_are_a_mistake_of_the_program(secrets: list[str]) -> None:
    """An empty setting must not make every callback look forged."""
    with pytest.raises(ValueError, match="secret") as caught:
        verify_callback(signed(), RAW, secrets)

    assert not any(secret in str(caught.value) for secret in secrets if len(secret) > 6)


async def test_deliveries_are_listed_and_sent_again(kind: Kind) -> None:
    """Sending again is not repeated by itself, or the receiver would get more than was asked."""
    job_id, delivery_id = uuid4(), uuid4()
    delivery = {
        "id": str(delivery_id),
        "event": "job.failed",
        "status": "dead",
        "attempts": 9,
        "due_at": None,
        "last_status": 500,
        "last_error": "It answered 500.",
        "created_at": "2026-03-14T12:00:00Z",
        "delivered_at": None,
    }
    callback = {
        "id": str(uuid4()),
        "url": "https://app.example/ai",
        "events": ["job.failed"],
        "include_output": False,
        "created_at": "2026-03-14T12:00:00Z",
        "deliveries": [delivery],
    }
    acts = ok({"callbacks": [callback]}), ok({**delivery, "status": "pending"}), html(502)
    async with scripted(*acts) as server, open_client(kind, server.url) as client:
        listed = await client.callbacks(job_id)
        again = await client.redeliver(job_id, delivery_id, tenant_id="other")
        with pytest.raises(Exception, match="502"):
            await client.redeliver(job_id, delivery_id)

    assert listed.callbacks[0].deliveries[0].status is DeliveryState.DEAD
    assert again.status is DeliveryState.PENDING
    assert [seen.method for seen in server.seen] == ["GET", "POST", "POST"]
    assert server.seen[1].path == f"/api/v1/jobs/{job_id}/callbacks/{delivery_id}/redeliver"
    assert server.seen[1].query["tenant_id"] == ["other"]
