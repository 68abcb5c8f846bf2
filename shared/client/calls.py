"""The HTTP interface, one function for each call.

`shared/client/clients.py` turns each into a method of both clients: the method takes the same
arguments and returns the answer that the Call names.
"""

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict, Unpack
from uuid import UUID, uuid4

from shared.client.http import Call, M
from shared.contracts.categories import Category, CategoryBatch
from shared.contracts.embeddings import EmbedAnswer
from shared.contracts.health import Health, HealthCheck, Liveness, Readiness
from shared.contracts.jobs import Answer, JobPage, JobView
from shared.contracts.queues import QueueList
from shared.contracts.receipts import FlatReceipt, RichReceipt
from shared.rejections import InvalidRequest

_HEADERS = {"idempotency_key": "Idempotency-Key", "traceparent": "traceparent"}
_UNAVAILABLE = 503


class Origin(TypedDict, total=False):
    """Whose request it is. `tenant_id` stands in for the client's; the same `idempotency_key`
    finds the same job; `traceparent` (W3C) stands in for the current OpenTelemetry span."""

    tenant_id: str
    user_id: str | None
    request_id: str | None
    idempotency_key: str
    traceparent: str


class Submission(Origin, total=False):
    """`priority`: 0 to 9, the higher first. `wait`: up to 30 s for the end of the job."""

    priority: int
    wait: int


class WaitingCall(Origin, total=False):
    """`priority`: 0 to 9, the higher first. `fresh`: do not join the same work of the last hour."""

    priority: int
    fresh: bool


def submit(
    feature: str, payload: Mapping[str, Any], **options: Unpack[Submission]
) -> Call[JobView]:
    """Submit a job. Without an `idempotency_key` or a `request_id` it gets a key of its own, so
    that a repeated try finds the job of the first."""
    fields, headers = _split(options)
    if wait := fields.pop("wait", 0):
        headers["Prefer"] = f"wait={wait}"
    if not fields.get("request_id"):
        headers.setdefault("Idempotency-Key", str(uuid4()))
    body = {"feature": feature, "payload": payload, **fields}
    return Call("POST", "/api/v1/jobs", JobView, json=body, headers=headers)


def submit_receipt(
    image: bytes, candidate_labels: Sequence[str] | None = None, **options: Unpack[Submission]
) -> Call[JobView]:
    """Submit the image of a receipt; with labels, every line item gets the best of them."""
    return submit("receipt_extraction", _receipt(image, candidate_labels), **options)


def job(job_id: UUID, wait: float = 0, *, tenant_id: str | None = None) -> Call[JobView]:
    """One job; with `wait` (up to 30 s), as soon as it has ended."""
    query = _given(wait=wait or None, tenant_id=tenant_id)
    return Call("GET", f"/api/v1/jobs/{job_id}", JobView, query=query)


def jobs(
    *,
    status: str | None = None,
    feature: str | None = None,
    since: datetime | None = None,
    cursor: str | None = None,
    limit: int | None = None,
    tenant_id: str | None = None,
) -> Call[JobPage]:
    """A page of the tenant's jobs, newest first; `since` has an offset, `limit` is up to 100,
    `cursor` is the `next_cursor` of the page before."""
    query = _given(
        status=status,
        feature=feature,
        since=since and since.isoformat(),
        cursor=cursor,
        limit=limit,
        tenant_id=tenant_id,
    )
    return Call("GET", "/api/v1/jobs", JobPage, query=query)


def cancel(job_id: UUID, *, tenant_id: str | None = None) -> Call[JobView]:
    """Cancel a job: at once when it waits, within two seconds when it runs; again is a no-op.
    Raises NotCancellable when it has ended otherwise."""
    query = _given(tenant_id=tenant_id)
    return Call("POST", f"/api/v1/jobs/{job_id}/cancel", JobView, query=query)


def retry(job_id: UUID, *, tenant_id: str | None = None) -> Call[JobView]:
    """Run a failed or cancelled job again. Raises NotRetryable when it is neither."""
    query = _given(tenant_id=tenant_id)
    return Call("POST", f"/api/v1/jobs/{job_id}/retry", JobView, query=query, repeatable=False)


def queues() -> Call[QueueList]:
    """What waits, who works, whether more is taken."""
    return Call("GET", "/api/v1/queues", QueueList, owned=False)


def categorize(
    item_name: str, candidate_labels: Sequence[str], **options: Unpack[WaitingCall]
) -> Call[Answer[Category]]:
    """The best label for one name; waits for it."""
    payload = {"item_name": item_name, "candidate_labels": list(candidate_labels)}
    return _waiting("/api/v1/categorize", payload, Answer[Category], options)


def categorize_batch(
    names: Sequence[str], candidate_labels: Sequence[str], **options: Unpack[WaitingCall]
) -> Call[Answer[CategoryBatch]]:
    """The best label for each of up to 50 names, whose ids are their positions; waits for them."""
    items = [{"id": index, "name": name} for index, name in enumerate(names)]
    payload = {"items": items, "candidate_labels": list(candidate_labels)}
    return _waiting("/api/v1/categorize-batch", payload, Answer[CategoryBatch], options)


def extract_receipt(image: bytes, **options: Unpack[WaitingCall]) -> Call[Answer[FlatReceipt]]:
    """A receipt in the flat shape, with numbers; waits for it."""
    payload = _receipt(image, None)
    return _waiting("/api/v1/extract-receipt", payload, Answer[FlatReceipt], options)


def read_receipt(
    image: bytes, candidate_labels: Sequence[str] | None = None, **origin: Unpack[Origin]
) -> Call[RichReceipt]:
    """A receipt in the rich shape, with confidences; waits for it. The image goes as base64."""
    fields, headers = _split(origin)
    body = {**_receipt(image, candidate_labels), **fields}
    return Call("POST", "/api/v1/receipts/extract", RichReceipt, json=body, headers=headers)


def upload_receipt(
    image: bytes, candidate_labels: Sequence[str] | None = None, **origin: Unpack[Origin]
) -> Call[RichReceipt]:
    """The same, with the image as a file: a third less to send."""
    fields, headers = _split(origin)
    form = {**_given(**fields), "candidate_labels": list(candidate_labels or ())}
    return Call(
        "POST", "/api/v1/receipts/extract", RichReceipt, form=form, file=image, headers=headers
    )


def embed(texts: Sequence[str], **origin: Unpack[Origin]) -> Call[EmbedAnswer]:
    """A unit vector for each of up to 256 texts, in their order; waits for them."""
    return _embedding("/api/v1/embed", {}, texts, origin)


def embed_batch(
    texts: Sequence[str], batch_size: int = 32, **origin: Unpack[Origin]
) -> Call[EmbedAnswer]:
    """The same; `batch_size` is how many the model takes at once, and changes no vector."""
    return _embedding("/api/v1/embed/batch", {"batch_size": batch_size}, texts, origin)


def health() -> Call[Health]:
    """Who answers."""
    return Call("GET", "/health", Health, owned=False)


def live() -> Call[Liveness]:
    """Whether the front need not be restarted; asks no dependency."""
    return Call("GET", "/health/live", Liveness, owned=False)


def ready() -> Call[Readiness]:
    """Every check. A service that accepts nothing is an answer too: `status` is `error` then."""
    return Call("GET", "/health/ready", Readiness, owned=False, also=frozenset({_UNAVAILABLE}))


def health_check() -> Call[HealthCheck]:
    """Database, AI service and queue. An answer too when something is missing: see `status`."""
    return Call("GET", "/health_check", HealthCheck, owned=False, also=frozenset({_UNAVAILABLE}))


def _waiting(
    path: str, payload: Mapping[str, Any], answer: type[M], options: WaitingCall
) -> Call[M]:
    """Without a key the service finds the same work by its content, unless it is to be fresh."""
    fields, headers = _split(options)
    body = {"payload": payload, **fields}
    fresh = body.pop("fresh", False)
    if fresh:
        body["metadata"] = {"fresh": True}
    repeatable = not fresh or "Idempotency-Key" in headers
    return Call("POST", path, answer, json=body, headers=headers, repeatable=repeatable)


def _embedding(
    path: str, body: Mapping[str, Any], texts: Sequence[str], origin: Origin
) -> Call[EmbedAnswer]:
    fields, headers = _split(origin)
    listed = [{"id": index, "text": text} for index, text in enumerate(texts)]
    return Call(
        "POST", path, EmbedAnswer, json={**body, "texts": listed, **fields}, headers=headers
    )


def _receipt(image: bytes, labels: Sequence[str] | None) -> dict[str, Any]:
    payload: dict[str, Any] = {"image_base64": base64.b64encode(image).decode()}
    if labels:
        payload["options"] = {"candidate_labels": list(labels)}
    return payload


def _split(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """What goes into the body, and what into headers. Raises InvalidRequest for a value that no
    header can hold."""
    headers = {
        _HEADERS[name]: value for name, value in options.items() if name in _HEADERS and value
    }
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable()):
            raise InvalidRequest(f"{name}: a header holds printable ASCII only.")
    return {name: value for name, value in options.items() if name not in _HEADERS}, headers


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
