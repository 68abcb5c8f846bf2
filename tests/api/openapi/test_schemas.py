"""JSON Schemas over HTTP, against which callers check what they send and get."""

import httpx
import pytest
from openapi_schema_validator import OAS31Validator

from api.openapi.schemas import json_schema
from shared.client import AsyncServiceClient
from shared.contracts.features import Feature
from tests.api.bad_input.asking import b64
from tests.support.processes.running_system import System


async def test_every_feature_has_the_schemas_of_its_payload_and_its_output(
    http: httpx.AsyncClient,
) -> None:
    """Every listed schema is served at its path, is valid, and names itself by that path."""
    listed = {
        entry["name"]: entry for entry in (await http.get("/api/v1/schemas")).json()["schemas"]
    }

    assert listed.keys() == {
        *(f"{feature}.{part}" for feature in Feature for part in ("payload", "output")),
        *("job", "problem", "callback", "flat_receipt"),
    }
    for entry in listed.values():
        schema = (await http.get(entry["href"])).json()
        OAS31Validator.check_schema(schema)
        assert schema["$id"] == entry["href"]
        assert entry["description"]


def test_a_schema_is_made_once() -> None:
    """Making one takes some milliseconds, during which the front answers nobody."""
    assert json_schema("job") is json_schema("job")


async def test_an_unknown_name_is_not_found(http: httpx.AsyncClient) -> None:
    """The answer says where the names are."""
    answer = await http.get("/api/v1/schemas/nothing")

    assert (answer.status_code, answer.json()["error"]) == (404, "schema_not_found")
    assert "/api/v1/schemas" in answer.json()["detail"]


@pytest.mark.parametrize("feature", Feature)
async def test_a_job_fits_the_schemas_of_its_feature(
    system: System, service: AsyncServiceClient, receipt_png: bytes, feature: Feature
) -> None:
    """What was sent, and what a real engine made of it, are valid; so is the job as a whole."""
    payload = {
        Feature.RECEIPT_EXTRACTION: {"image_base64": b64(receipt_png)},
        Feature.CATEGORIZATION: {"item_name": "Milk", "candidate_labels": ["Dairy", "Meat"]},
        Feature.CATEGORIZATION_BATCH: {
            "items": [{"id": 1, "name": "Milk"}],
            "candidate_labels": ["Dairy", "Meat"],
        },
        Feature.EMBEDDING: {"texts": [{"id": "a", "text": "Milk"}]},
    }[feature]
    body = {"tenant_id": service.tenant_id, "feature": feature, "payload": payload}
    async with httpx.AsyncClient(base_url=system.url, timeout=60) as http:
        submitted = await http.post("/api/v1/jobs", json=body, headers={"Prefer": "wait=30"})
        job = submitted.json()

        assert submitted.status_code == 200
        assert await _mistakes(http, f"{feature}.payload", payload) == []
        assert await _mistakes(http, f"{feature}.output", job["output_payload"]) == []
        assert await _mistakes(http, "job", job) == []


async def _mistakes(http: httpx.AsyncClient, name: str, value: object) -> list[str]:
    schema = (await http.get(f"/api/v1/schemas/{name}")).json()
    return [error.message for error in OAS31Validator(schema).iter_errors(value)]
