"""The calls of the HTTP interface, one function for each.

`shared/client/clients.py` turns each function into a method of both clients. The method takes the
same arguments and returns the answer that the Call names.
"""

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict, Unpack
from uuid import UUID, uuid4

from shared.client.http import Call, M
from shared.contracts.categories import Category, CategoryBatch
from shared.contracts.embeddings import EmbedAnswer
from shared.contracts.jobs import Answer, JobPage, JobView
from shared.contracts.receipts import FlatReceipt, RichReceipt
from shared.contracts.service.health import Health, HealthCheck, Liveness, Readiness
from shared.contracts.service.queues import QueueList
from shared.rejections import InvalidRequest

_HEADERS = {"idempotency_key": "Idempotency-Key", "traceparent": "traceparent"}
_UNAVAILABLE = 503


class Origin(TypedDict, total=False):
    """The origin of a request.

    `tenant_id` replaces the client's, and `traceparent` (W3C) the current OpenTelemetry span. The
    same `idempotency_key` finds the same job.
    """

    tenant_id: str
    user_id: str | None
    request_id: str | None
    idempotency_key: str
    traceparent: str


class Submission(Origin, total=False):
    """Options of a submission.

    `priority` is 0 to 9, the highest first. `wait` is for how many seconds, up to 30, the call
    waits for the end of the job.
    """

    priority: int
    wait: int


class WaitingCall(Origin, total=False):
    """Options of a waiting call.

    `priority` is 0 to 9, the highest first. `fresh` asks for a new job even if the same work was
    done within the last hour.
    """

    priority: int
    fresh: bool


def submit(
    feature: str, payload: Mapping[str, Any], **options: Unpack[Submission]
) -> Call[JobView]:
    """Submit a job. Without an `idempotency_key` or a `request_id` the client generates a key, so
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
    """Submit the image of a receipt. With labels, every line item gets the best one."""
    return submit("receipt_extraction", _receipt(image, candidate_labels), **options)


def job(job_id: UUID, wait: float = 0, *, tenant_id: str | None = None) -> Call[JobView]:
    """Return one job; with `wait` (up to 30 s), as soon as it has ended or time is up."""
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
    """Return a page of the tenant's jobs, newest first. `since` needs a UTC offset, `limit` is at
    most 100 (50 by default), and `cursor` is the `next_cursor` of the page before."""
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
    """Cancel a job: a queued one at once, a running one within two seconds.

    Cancelling a cancelled job changes nothing. Raises NotCancellable if it has ended otherwise.
    """
    query = _given(tenant_id=tenant_id)
    return Call("POST", f"/api/v1/jobs/{job_id}/cancel", JobView, query=query)


def retry(job_id: UUID, *, tenant_id: str | None = None) -> Call[JobView]:
    """Run a failed or cancelled job again. Raises NotRetryable for any other job."""
    query = _given(tenant_id=tenant_id)
    return Call("POST", f"/api/v1/jobs/{job_id}/retry", JobView, query=query, repeatable=False)


def queues() -> Call[QueueList]:
    """Return for each queue the waiting jobs, the workers, and whether it accepts new work."""
    return Call("GET", "/api/v1/queues", QueueList, owned=False)


def categorize(
    item_name: str, candidate_labels: Sequence[str], **options: Unpack[WaitingCall]
) -> Call[Answer[Category]]:
    """Choose the best label for one name, and wait for the answer."""
    payload = {"item_name": item_name, "candidate_labels": list(candidate_labels)}
    return _waiting("/api/v1/categorize", payload, Answer[Category], options)


def categorize_batch(
    names: Sequence[str], candidate_labels: Sequence[str], **options: Unpack[WaitingCall]
) -> Call[Answer[CategoryBatch]]:
    """Choose the best label for each of up to 50 names, and wait. Ids are the positions from 0."""
    items = [{"id": index, "name": name} for index, name in enumerate(names)]
    payload = {"items": items, "candidate_labels": list(candidate_labels)}
    return _waiting("/api/v1/categorize-batch", payload, Answer[CategoryBatch], options)


def extract_receipt(image: bytes, **options: Unpack[WaitingCall]) -> Call[Answer[FlatReceipt]]:
    """Read a receipt into the flat shape, whose amounts are numbers, and wait for it."""
    payload = _receipt(image, None)
    return _waiting("/api/v1/extract-receipt", payload, Answer[FlatReceipt], options)


def read_receipt(
    image: bytes, candidate_labels: Sequence[str] | None = None, **origin: Unpack[Origin]
) -> Call[RichReceipt]:
    """Read a receipt into the rich shape, and wait for it. The image is sent as base64."""
    fields, headers = _split(origin)
    body = {**_receipt(image, candidate_labels), **fields}
    return Call("POST", "/api/v1/receipts/extract", RichReceipt, json=body, headers=headers)


def upload_receipt(
    image: bytes, candidate_labels: Sequence[str] | None = None, **origin: Unpack[Origin]
) -> Call[RichReceipt]:
    """Read a receipt like `read_receipt`, but send the image as a file: a quarter less data."""
    fields, headers = _split(origin)
    form = {**_given(**fields), "candidate_labels": list(candidate_labels or ())}
    return Call(
        "POST", "/api/v1/receipts/extract", RichReceipt, form=form, file=image, headers=headers
    )


def embed(texts: Sequence[str], **origin: Unpack[Origin]) -> Call[EmbedAnswer]:
    """Return a unit vector for each of up to 256 texts, in their order, and wait for them."""
    return _embedding("/api/v1/embed", {}, texts, origin)


def embed_batch(
    texts: Sequence[str], batch_size: int = 32, **origin: Unpack[Origin]
) -> Call[EmbedAnswer]:
    """Embed as `embed` does, with `batch_size` texts (1 to 256) at a time in the model."""
    return _embedding("/api/v1/embed/batch", {"batch_size": batch_size}, texts, origin)


def health() -> Call[Health]:
    """Return the name and version of the service that answers."""
    return Call("GET", "/health", Health, owned=False)


def live() -> Call[Liveness]:
    """Ask whether the front is alive. It checks no dependency."""
    return Call("GET", "/health/live", Liveness, owned=False)


def ready() -> Call[Readiness]:
    """Return every check, also with status 503: `status` is `error` if no work is accepted."""
    return Call("GET", "/health/ready", Readiness, owned=False, also=frozenset({_UNAVAILABLE}))


def health_check() -> Call[HealthCheck]:
    """Return the checks by service, also with status 503: look at `status`."""
    return Call("GET", "/health_check", HealthCheck, owned=False, also=frozenset({_UNAVAILABLE}))


def _waiting(
    path: str, payload: Mapping[str, Any], answer: type[M], options: WaitingCall
) -> Call[M]:
    """Build a waiting call. It is repeatable if the service can find the same work again."""
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
    """Split options into fields of the body and headers. Raises InvalidRequest for a value that a
    header cannot hold."""
    headers = {
        _HEADERS[name]: value for name, value in options.items() if name in _HEADERS and value
    }
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable()):
            raise InvalidRequest(f"{name}: a header can hold only printable ASCII.")
    return {name: value for name, value in options.items() if name not in _HEADERS}, headers


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
