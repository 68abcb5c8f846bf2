"""Optional arguments of the calls, and the parts of a request that they become."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Required, TypedDict

from shared.client.http import Call, M
from shared.rejections import InvalidRequest

_HEADERS = {"idempotency_key": "Idempotency-Key", "traceparent": "traceparent"}


class Callback(TypedDict, total=False):
    """A callback that a job asks for: where it goes, and for which endings.

    The `events` are `job.succeeded`, `job.failed` and `job.cancelled`, and all of them by default.
    With `include_output` the result is sent along.
    """

    url: Required[str]
    events: Sequence[str]
    include_output: bool


class Origin(TypedDict, total=False):
    """The origin of a request.

    `tenant_id` replaces the client's, and `traceparent` (W3C) the current OpenTelemetry span. The
    same `idempotency_key` finds the same job. A `callback` is sent when the job has ended.
    """

    callback: Callback | None
    tenant_id: str
    user_id: str | None
    request_id: str | None
    idempotency_key: str
    traceparent: str


class Hints(TypedDict, total=False):
    """Hints about a receipt, used for what its print leaves open.

    `default_currency` is an ISO 4217 code, `country` an ISO 3166-1 alpha-2 code, and `locale` a
    BCP 47 tag such as `de-DE`.
    """

    default_currency: str | None
    country: str | None
    locale: str | None


class Submission(Origin, total=False):
    """Options of a submission.

    `priority` is 0 to 9, the highest first. `wait` is for how many seconds, up to 30, the call
    waits for the end of the job.
    """

    priority: int
    wait: int


class Page(TypedDict, total=False):
    """Which page of jobs to list: those that meet all filters.

    `since` and `until` need a UTC offset. `limit` is at most 100 (50 by default), and `cursor` the
    `next_cursor` of the page before.
    """

    status: str | None
    feature: str | None
    since: datetime | None
    until: datetime | None
    request_id: str | None
    trace_id: str | None
    error_class: str | None
    code: str | None
    fingerprint: str | None
    worker_id: str | None
    text: str | None
    cursor: str | None
    limit: int | None


class Entry(TypedDict, total=False):
    """One job of many that are submitted together: any but a receipt, which has an image.

    The client makes an `idempotency_key` for an entry without one and without a `request_id`.
    """

    feature: Required[str]
    payload: Required[Mapping[str, Any]]
    tenant_id: str
    user_id: str | None
    request_id: str | None
    idempotency_key: str | None
    priority: int
    metadata: Mapping[str, Any]
    callback: Callback | None


class ManySubmission(TypedDict, total=False):
    """Options of the submission of many jobs.

    `tenant_id` and `user_id` are those of every entry that names none. With the `idempotency_key`
    K, the entry at index 3 has the key `K:3` unless it has a key of its own. `traceparent` (W3C)
    replaces the current OpenTelemetry span.
    """

    tenant_id: str
    user_id: str | None
    idempotency_key: str
    traceparent: str


class ReceiptSubmission(Submission, Hints, total=False):
    """Options of the submission of a receipt: those of a submission, and hints."""


class WaitingCall(Origin, total=False):
    """Options of a waiting call.

    `priority` is 0 to 9, the highest first. `fresh` asks for a new job even if the same work was
    done within the last hour.
    """

    priority: int
    fresh: bool


class WaitingReceipt(WaitingCall, Hints, total=False):
    """Options of a waiting call for a receipt: those of a waiting call, and hints."""


def waiting(
    path: str, payload: Mapping[str, Any], answer: type[M], options: WaitingCall
) -> Call[M]:
    """Build a waiting call. It is repeatable if the service can find the same work again."""
    fields, headers, repeatable = split_waiting(options)
    body = {"payload": payload, **fields}
    return Call("POST", path, answer, json=body, headers=headers, repeatable=repeatable)


def split_waiting(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str], bool]:
    """Split options of a waiting call as `split` does, and add whether it may be sent twice."""
    fields, headers = split(options)
    fresh = fields.pop("fresh", False)
    if fresh:
        fields["metadata"] = {"fresh": True}
    return fields, headers, not fresh or "Idempotency-Key" in headers


def split(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Split options into fields of the body and headers. Raises InvalidRequest for a value that a
    header cannot hold."""
    headers = {
        _HEADERS[name]: value for name, value in options.items() if name in _HEADERS and value
    }
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable()):
            raise InvalidRequest(f"{name}: a header can hold only printable ASCII.")
    fields = {name: value for name, value in options.items() if name not in _HEADERS}
    if fields.get("callback") is None:
        fields.pop("callback", None)
    return fields, headers


def given(**values: Any) -> dict[str, Any]:
    """Return the values that are not None."""
    return {name: value for name, value in values.items() if value is not None}
