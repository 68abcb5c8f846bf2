"""The calls of the grocery planner's own clients are answered as they expect.

An older and a newer client are in use. Both send envelopes, also to embed.
"""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.client import AsyncServiceClient
from tests.api.bad_input.asking import b64
from tests.support.processes.running_system import System

LABELS = ["Produce", "Dairy", "Bakery", "Meat", "Frozen"]
TEXTS = [{"id": "a", "text": "Fresh Bananas"}, {"id": "b", "text": "Whole Milk"}]
ITEMS = [{"id": "1", "name": "Bananas"}, {"id": "2", "name": "Cheddar Cheese"}]
ITEM = {"item_name": "Organic Bananas", "candidate_labels": LABELS}
BATCH = {"items": ITEMS, "candidate_labels": LABELS}
FIVE = {"texts": [{"id": str(n), "text": f"Item {n}"} for n in range(1, 6)], "batch_size": 2}
WAITING = [
    ("/categorize", "categorization", ITEM),
    ("/categorize", "categorization", {"item_name": "Milk", "candidate_labels": ["Dairy"]}),
    ("/categorize-batch", "categorization_batch", BATCH),
    ("/extract-receipt", "extraction", None),
    ("/embed", "embedding", {"texts": [{"id": "1", "text": "Organic Bananas"}]}),
    ("/embed", "embedding", {"texts": TEXTS}),
    ("/embed/batch", "embedding_batch", FIVE),
    ("/embed-batch", "embedding_batch", FIVE),
]
SUBMITTED = [
    ("categorization", ITEM),
    ("categorization_batch", BATCH),
    ("embedding", {"texts": TEXTS}),
    ("embedding_batch", FIVE),
    ("embedding_batch", {"texts": ["Fresh Bananas", "Whole Milk"]}),
]


@pytest.mark.parametrize(("path", "feature", "payload"), WAITING)
async def test_waiting_calls_answer_with_the_envelope(
    system: System, service: AsyncServiceClient, receipt_png: bytes,
    path: str, feature: str, payload: dict[str, Any] | None,
) -> None:  # fmt: skip
    """The result is in `payload`, with the ids that were sent."""
    payload = payload or {"image_base64": b64(receipt_png)}
    body = {
        "request_id": f"req_{uuid4()}",
        "tenant_id": service.tenant_id,
        "user_id": str(uuid4()),
        "feature": feature,
        "payload": payload,
    }
    async with httpx.AsyncClient(base_url=system.url, timeout=70) as http:
        answer = await http.post(f"/api/v1{path}", json=body)

    assert (answer.status_code, "X-Ignored-Fields" in answer.headers) == (200, False), answer.text
    envelope = answer.json()
    assert (envelope["status"], envelope["error"]) == ("success", None)
    assert envelope["request_id"] == body["request_id"]
    result = envelope["payload"]
    if "texts" in payload:
        assert [entry["id"] for entry in result["embeddings"]] == _ids(payload["texts"])
        assert {len(entry["vector"]) for entry in result["embeddings"]} == {result["dimension"]}
        assert isinstance(result["model"], str)
    elif "items" in payload:
        assert [entry["id"] for entry in result["predictions"]] == _ids(payload["items"])
    else:
        assert result.keys() & {"category", "merchant"}


@pytest.mark.parametrize(("feature", "payload"), SUBMITTED)
async def test_jobs_are_accepted_and_found(
    system: System, service: AsyncServiceClient, feature: str, payload: dict[str, Any]
) -> None:
    """Submissions have no request id, and the header of the tenant is in lower case."""
    body = {
        "tenant_id": service.tenant_id,
        "user_id": None,
        "feature": feature,
        "payload": payload,
    }
    async with httpx.AsyncClient(base_url=system.url, timeout=70) as http:
        submitted = await http.post("/api/v1/jobs", json=body)
        job_id = submitted.json()["id"]
        read = await http.get(
            f"/api/v1/jobs/{job_id}?wait=30", headers={"x-tenant-id": service.tenant_id}
        )

    assert (submitted.status_code, read.status_code) == (202, 200)
    assert read.json()["status"] == "succeeded"


@pytest.mark.parametrize("feature", ["extraction", "receipt_extraction"])
async def test_receipts_are_accepted_and_found(
    http: httpx.AsyncClient, receipt_png: bytes, feature: str
) -> None:
    """A worker would take a second or more for each, so there is none here."""
    payload = {"image_base64": b64(receipt_png)}
    body = {"tenant_id": "t", "user_id": None, "feature": feature, "payload": payload}
    submitted = await http.post("/api/v1/jobs", json=body)
    read = await http.get(f"/api/v1/jobs/{submitted.json()['id']}", headers={"x-tenant-id": "t"})

    assert (submitted.status_code, read.status_code) == (202, 200)
    assert read.json()["feature"] == "receipt_extraction"


async def test_the_service_is_ready(system: System) -> None:
    async with httpx.AsyncClient(base_url=system.url) as http:
        ready = await http.get("/health/ready")

    assert (ready.status_code, ready.json()["status"]) == (200, "ok")
    assert "database" in ready.json()["checks"]


@pytest.mark.parametrize(
    ("feature", "payload", "results"),
    [
        ("categorization_batch", {"items": ["Milk", " ", {"id": "c", "name": "Bread"}],
                                  "candidate_labels": LABELS}, "predictions"),
        ("embedding", {"texts": ["milk", "x" * 5001, {"id": "c", "text": "bread"}]}, "embeddings"),
    ],
)  # fmt: skip
async def test_a_bad_entry_refuses_no_other(
    service: AsyncServiceClient, system: System, feature: str, payload: Any, results: str
) -> None:
    """A waiting call and a polled job report the same results and errors."""
    path = "/categorize-batch" if feature == "categorization_batch" else "/embed"
    body = {"tenant_id": service.tenant_id, "payload": payload}
    async with httpx.AsyncClient(base_url=system.url, timeout=70) as http:
        waited = (await http.post(f"/api/v1{path}", json=body)).json()["payload"]
    submitted = await service.submit(feature, payload)
    job = await service.await_job(submitted.id)

    assert job.output_payload is not None
    for output in (waited, job.output_payload):
        assert [entry["id"] for entry in output[results]] == [0, "c"]
        (error,) = output["errors"]
        assert (error["index"], error["id"]) == (1, 1)
        assert "character" in error["error"]


def _ids(entries: list[Any]) -> list[Any]:
    return [entry["id"] if isinstance(entry, dict) else n for n, entry in enumerate(entries)]
