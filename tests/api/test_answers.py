"""The exact shapes of the answers. Elixir code matches on these keys."""

import json
from decimal import Decimal
from typing import Any

import httpx
import pytest

from shared.client import AsyncServiceClient
from shared.contracts.receipts.extraction import Extraction
from shared.contracts.receipts.items import LineItem
from shared.contracts.receipts.printed import Merchant, Total
from shared.contracts.receipts.rich import RichReceipt
from shared.local.receipt_image import DrawnItem, DrawnReceipt, draw_receipt, encode
from tests.api.bad_input.asking import b64
from tests.support.processes.running_system import System
from tests.support.waiting import wait_until

LABELS = ["Dairy", "Produce"]
ENVELOPE = {"request_id", "status", "payload", "error", "metadata"}
METADATA = {
    "job_id",
    "trace_id",
    "model_id",
    "model_version",
    "finished_at",
    "latency_ms",
    "replayed",
}


async def test_categorize(system: System, service: AsyncServiceClient) -> None:
    """The envelope and the category have exactly these fields."""
    answer = await _post(
        system,
        "/api/v1/categorize",
        {
            "request_id": "r",
            "tenant_id": service.tenant_id,
            "user_id": None,
            "feature": "categorization",
            "payload": {"item_name": "Whole Milk", "candidate_labels": LABELS},
            "metadata": {},
        },
    )

    assert set(answer) == ENVELOPE
    assert (answer["request_id"], answer["status"], answer["error"]) == ("r", "success", None)
    assert set(answer["metadata"]) == METADATA
    payload = answer["payload"]
    assert set(payload) == {
        "category",
        "confidence",
        "confidence_level",
        "all_scores",
        "processing_time_ms",
    }
    assert payload["category"] == "Dairy"
    assert type(payload["confidence"]) is float
    assert set(payload["all_scores"]) == set(LABELS)


async def test_one_label_is_certain_and_still_a_float(
    system: System, service: AsyncServiceClient
) -> None:
    """The JSON has 1.0, not 1, for strict decoders that accept only floats."""
    body = {
        "tenant_id": service.tenant_id,
        "payload": {"item_name": "Milk", "candidate_labels": ["Dairy"]},
    }
    async with httpx.AsyncClient(base_url=system.url, timeout=70) as http:
        text = (await http.post("/api/v1/categorize", json=body)).text

    assert '"confidence":1.0,' in text


async def test_categorize_batch(system: System, service: AsyncServiceClient) -> None:
    """Ids are returned unchanged, numbers as numbers."""
    items = [{"id": 7, "name": "Milk"}, {"id": "b", "name": "Bananas"}]
    answer = await _post(
        system,
        "/api/v1/categorize-batch",
        {
            "tenant_id": service.tenant_id,
            "payload": {"items": items, "candidate_labels": LABELS},
        },
    )

    assert set(answer["payload"]) == {"predictions", "errors", "processing_time_ms"}
    predictions = answer["payload"]["predictions"]
    assert [prediction["id"] for prediction in predictions] == [7, "b"]
    assert set(predictions[0]) == {
        "id",
        "name",
        "predicted_category",
        "confidence",
        "confidence_level",
    }
    assert all(type(prediction["confidence"]) is float for prediction in predictions)


@pytest.mark.parametrize("path", ["/api/v1/embed", "/api/v1/embed/batch"])
async def test_embed(system: System, path: str) -> None:
    """The tenant may be missing, since existing callers send none."""
    answer = await _post(
        system,
        path,
        {"version": "1.0", "request_id": "r", "texts": [{"id": "a", "text": "milk"}]},
    )

    model = {"model", "model_version", "dimension"}
    assert set(answer) == {"version", "request_id", "embeddings", "errors", *model}
    assert (answer["version"], answer["request_id"]) == ("1.0", "r")
    (embedding,) = answer["embeddings"]
    assert (set(embedding), embedding["id"]) == ({"id", "vector"}, "a")
    assert len(embedding["vector"]) == answer["dimension"]


async def test_extract_receipt(
    system: System, service: AsyncServiceClient, receipt_png: bytes
) -> None:
    """In the flat shape amounts are numbers, and the price is the line's total."""
    answer = await _post(
        system,
        "/api/v1/extract-receipt",
        {"tenant_id": service.tenant_id, "payload": {"image_base64": b64(receipt_png)}},
    )

    assert set(answer) == ENVELOPE
    payload = answer["payload"]
    assert set(payload) == {
        "items",
        "total",
        "currency",
        "currency_source",
        "merchant",
        "date",
        "reconciled",
        "raw_ocr_text",
        "overall_confidence",
        "model_id",
        "model_version",
        "read_at",
        "processing_time_ms",
    }
    assert (payload["total"], payload["currency"]) == (21.34, "GBP")
    assert payload["currency_source"] == "printed"
    item = payload["items"][0]
    assert set(item) == {
        "name", "quantity", "unit", "price", "unit_price", "line_total", "confidence"
    }  # fmt: skip
    assert (item["price"], item["quantity"]) == (1.85, 1.0)
    assert (item["unit_price"], item["line_total"]) == (1.85, 1.85)


async def test_extract_rich_receipt(
    system: System, service: AsyncServiceClient, receipt_png: bytes
) -> None:
    """In the rich shape amounts are decimal strings. Labels give every item a category."""
    answer = await _post(
        system,
        "/api/v1/receipts/extract",
        {
            "version": "1.0",
            "request_id": "r",
            "account_id": service.tenant_id,
            "image_base64": "data:image/png;base64," + b64(receipt_png),
            "options": {"candidate_labels": LABELS},
        },
    )

    assert set(answer) == set(RichReceipt.model_fields)
    assert (answer["version"], answer["request_id"], answer["status"]) == ("1.0", "r", "success")
    extraction = answer["extraction"]
    assert set(extraction) == set(Extraction.model_fields)
    assert set(extraction["merchant"]) == set(Merchant.model_fields)
    assert extraction["date"]["value"] == "2026-03-14"
    assert set(extraction["total"]) == set(Total.model_fields)
    assert (extraction["total"]["amount"], extraction["total"]["currency"]) == ("21.34", "GBP")
    item = extraction["line_items"][0]
    assert set(item) == set(LineItem.model_fields)
    assert item["amount_total"] == {"value": 1.0, "unit": "piece"}
    assert item["boxes"][0]["page"] == 1
    assert (item["total_price"], item["category"]) == ("1.85", "Dairy")


async def test_hints_reach_the_reading(system: System, service: AsyncServiceClient) -> None:
    """The hints of a body, of a form and of a job decide what the receipt leaves open."""
    receipt = DrawnReceipt(
        merchant="ZEPHYRA", address=(), date="03/04/2026 17:42", currency="",
        items=[DrawnItem("Sourdough Bread", Decimal("3.20")), DrawnItem("Milk", Decimal("1.15"))],
    )  # fmt: skip
    image = encode(draw_receipt(receipt))
    owner = {"tenant_id": service.tenant_id}
    hinted = {"image_base64": b64(image), "options": {"country": "us", "default_currency": "EUR"}}
    flat = (await _post(system, "/api/v1/extract-receipt", {**owner, "payload": hinted}))["payload"]
    async with httpx.AsyncClient(base_url=system.url, timeout=70) as http:
        form = {**owner, "locale": "en_US", "default_currency": "cad"}
        uploaded = await http.post("/api/v1/receipts/extract", data=form, files={"file": image})
    job = await service.submit(
        "receipt_extraction", {"image_base64": b64(image), "options": {"locale": "de-DE"}}
    )
    output = (await service.await_job(job.id)).output_payload or {}

    assert (flat["date"], flat["currency"], flat["currency_source"]) == (
        "2026-03-04", "USD", "inferred",
    )  # fmt: skip
    rich = uploaded.json()["extraction"]
    assert (rich["date"]["value"], rich["total"]["currency"]) == ("2026-03-04", "CAD")
    assert rich["total"]["currency_source"] == "default"
    read = output["extraction"]
    assert (read["date"]["value"], read["total"]["currency"]) == ("2026-04-03", None)
    assert read["total"]["currency_source"] is None


async def test_a_job(system: System, service: AsyncServiceClient) -> None:
    """A job has every field of the contract, and its output has the order of the waiting call's."""
    submitted = await service.submit(
        "categorization", {"item_name": "Milk", "candidate_labels": LABELS}, user_id="u"
    )
    await service.await_job(submitted.id)
    async with httpx.AsyncClient(base_url=system.url) as http:
        answer = await http.get(
            f"/api/v1/jobs/{submitted.id}", params={"tenant_id": service.tenant_id}
        )

    job = answer.json()
    assert {
        "id",
        "tenant_id",
        "user_id",
        "feature",
        "status",
        "input_payload",
        "output_payload",
        "error",
        "attempts",
        "model_id",
        "model_version",
        "created_at",
        "started_at",
        "finished_at",
        "latency_ms",
        "trace_id",
    } <= set(job)
    assert job["model_id"] == "all-MiniLM-L6-v2"
    # The fields are in the order in which they were written, which a jsonb column would lose.
    assert next(iter(job["output_payload"])) == "category"


async def test_the_trace_of_a_caller_is_continued(
    system: System, service: AsyncServiceClient
) -> None:
    """The trace id of the traceparent is in the answer, on the job and in the logs."""
    trace = "0af7651916cd43dd8448eb211c80319c"
    async with httpx.AsyncClient(base_url=system.url, timeout=70) as http:
        answer = await http.post(
            "/api/v1/categorize",
            json={
                "tenant_id": service.tenant_id,
                "payload": {"item_name": "Milk", "candidate_labels": LABELS},
            },
            headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"},
        )

    assert answer.headers["X-Trace-Id"] == trace
    assert answer.json()["metadata"]["trace_id"] == trace

    # The caller has the answer before the worker has written its line.
    def logged() -> bool:
        lines = [line for line in system.log_text().splitlines() if trace in line]
        return {"job.queued", "job.succeeded"} <= {json.loads(line)["message"] for line in lines}

    await wait_until(logged, "both sides logged the trace")


async def _post(system: System, path: str, body: dict[str, Any]) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=system.url, timeout=70) as http:
        answer = await http.post(path, json=body)
    assert answer.status_code == 200, answer.text
    decoded: dict[str, Any] = answer.json()
    return decoded
