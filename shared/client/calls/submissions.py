"""The calls that submit jobs."""

from collections.abc import Mapping, Sequence
from typing import Any, Unpack
from uuid import uuid4

from shared.client.calls.options import ReceiptSubmission, Submission, split
from shared.client.calls.receipts import receipt_payload, without_hints
from shared.client.http import Call
from shared.contracts.jobs import JobView


def submit(
    feature: str, payload: Mapping[str, Any], **options: Unpack[Submission]
) -> Call[JobView]:
    """Submit a job. Without an `idempotency_key` or a `request_id` the client generates a key, so
    that a repeated try finds the job of the first."""
    fields, headers = split(options)
    if wait := fields.pop("wait", 0):
        headers["Prefer"] = f"wait={wait}"
    if not fields.get("request_id"):
        headers.setdefault("Idempotency-Key", str(uuid4()))
    body = {"feature": feature, "payload": payload, **fields}
    return Call("POST", "/api/v1/jobs", JobView, json=body, headers=headers)


def submit_receipt(
    image: bytes,
    candidate_labels: Sequence[str] | None = None,
    **options: Unpack[ReceiptSubmission],
) -> Call[JobView]:
    """Submit the image of a receipt. With labels, every line item gets the best one."""
    payload = receipt_payload(image, candidate_labels, options)
    return submit("receipt_extraction", payload, **without_hints(options))
