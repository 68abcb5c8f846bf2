"""The OpenAPI document has a snapshot, so that every change of the contract is reviewed."""

import json
from pathlib import Path

import httpx

from shared.contracts.features import Feature

SNAPSHOT = Path(__file__).with_name("openapi.json")


async def test_openapi_is_the_snapshot(http: httpx.AsyncClient) -> None:
    """After an intended change, run bin/openapi to write the snapshot."""
    document = (await http.get("/openapi.json")).json()

    assert document == json.loads(SNAPSHOT.read_text())


async def test_every_call_of_the_interface_is_there(http: httpx.AsyncClient) -> None:
    """No call is missing or added by accident."""
    document = (await http.get("/openapi.json")).json()
    calls = {(method, path) for path, methods in document["paths"].items() for method in methods}

    assert calls == {
        ("post", "/api/v1/jobs"),
        ("get", "/api/v1/jobs"),
        ("get", "/api/v1/jobs/{job_id}"),
        ("post", "/api/v1/jobs/{job_id}/cancel"),
        ("post", "/api/v1/jobs/{job_id}/retry"),
        ("get", "/api/v1/jobs/{job_id}/callbacks"),
        ("post", "/api/v1/jobs/{job_id}/callbacks/{delivery_id}/redeliver"),
        ("get", "/api/v1/queues"),
        ("post", "/api/v1/categorize"),
        ("post", "/api/v1/categorize-batch"),
        ("post", "/api/v1/extract-receipt"),
        ("post", "/api/v1/receipts/extract"),
        ("post", "/api/v1/embed"),
        ("post", "/api/v1/embed/batch"),
        ("get", "/health"),
        ("get", "/health/live"),
        ("get", "/health/ready"),
        ("get", "/health_check"),
        ("get", "/metrics"),
    }
    mapping = document["paths"]["/api/v1/jobs"]["post"]["requestBody"]["content"]
    features = mapping["application/json"]["schema"]["discriminator"]["mapping"]
    assert {Feature(name) for name in features} == set(Feature)
