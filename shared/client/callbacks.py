"""Verifying a callback: that it comes from the service, is recent, and was not changed."""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from shared.client.errors import CallbackNotVerified
from shared.contracts.callbacks import CallbackBody
from shared.contracts.text import Contract

_PREFIX = "whsec_"
_ID, _TIMESTAMP, _SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
_LONGEST_NUMBER = 12


class UnknownCallback(Contract):
    """A callback that this version of the client does not know, such as a type that was added
    later. Answer it with 2xx, or it is sent again for a day."""

    type: str
    timestamp: datetime
    data: dict[str, Any]


def verify_callback(
    headers: Mapping[str, str], body: bytes, secrets: Sequence[str], tolerance: int = 300
) -> CallbackBody | UnknownCallback:
    """Return the callback if its signature (Standard Webhooks) was made with one of the secrets.

    `body` has to be the bytes that were received, and `headers` those of the request; their case
    does not matter. `secrets` are those of CALLBACK_SECRETS, with or without `whsec_`. The time of
    the signature may differ from now by `tolerance` seconds. Raises CallbackNotVerified, and
    ValueError for secrets that are none. The same callback may come again: the header `webhook-id`
    is the same then.
    """
    keys = [_key(secret) for secret in secrets]
    if not keys:
        raise ValueError("at least one secret is needed to verify a callback")
    given = {name.lower(): value for name, value in headers.items()}
    missing = [name for name in (_ID, _TIMESTAMP, _SIGNATURE) if not given.get(name)]
    if missing:
        raise CallbackNotVerified(f"The request has no header {' and no '.join(missing)}.")
    _check_time(given[_TIMESTAMP], tolerance)
    signed = f"{given[_ID]}.{given[_TIMESTAMP]}.".encode() + body
    if not _signed_by(keys, signed, given[_SIGNATURE]):
        raise CallbackNotVerified("No signature of the request was made with one of the secrets.")
    return _parsed(body)


def _parsed(body: bytes) -> CallbackBody | UnknownCallback:
    """Return the callback. What a newer service has signed is no forgery."""
    try:
        return CallbackBody.model_validate_json(body)
    except ValidationError:
        pass
    try:
        return UnknownCallback.model_validate_json(body)
    except ValidationError as error:
        raise CallbackNotVerified("The body is signed, but is no callback.") from error


def _key(secret: str) -> bytes:
    """Return the key that a secret stands for. Raises ValueError without showing the secret."""
    try:
        encoded = secret.removeprefix(_PREFIX)
        # Some make secrets without the padding.
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ValueError(f"a secret of callbacks is {_PREFIX} and base64 after it, or base64 alone")
    return key


def _check_time(timestamp: str, tolerance: int) -> None:
    if not (timestamp.isdecimal() and len(timestamp) <= _LONGEST_NUMBER):
        raise CallbackNotVerified(f"The header {_TIMESTAMP} is no number of seconds.")
    if abs(time.time() - int(timestamp)) > tolerance:
        raise CallbackNotVerified(
            f"The signature is more than {tolerance} s away from the clock of this machine."
        )


def _signed_by(keys: Sequence[bytes], signed: bytes, signatures: str) -> bool:
    """Whether one of the signatures, each `v1,` and base64, was made with one of the keys."""
    sent = [signature.encode() for signature in signatures.split()]
    expected = [
        b"v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()) for key in keys
    ]
    return any(hmac.compare_digest(signature, ours) for signature in sent for ours in expected)
