"""The OpenAPI document has a snapshot, so that every change of the contract is reviewed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from shared.contracts.features import Feature
from shared.contracts.problems import PROBLEM_MEDIA_TYPE
from tests.docs.pages import rows, section, text_of

SNAPSHOT = Path(__file__).parents[1] / "openapi.json"
# The names that clients are generated with.
CALLS = {
    "submitJob": ("post", "/api/v1/jobs"),
    "submitJobBatch": ("post", "/api/v1/jobs/batch"),
    "listJobs": ("get", "/api/v1/jobs"),
    "getJob": ("get", "/api/v1/jobs/{job_id}"),
    "streamJobEvents": ("get", "/api/v1/jobs/{job_id}/events"),
    "cancelJob": ("post", "/api/v1/jobs/{job_id}/cancel"),
    "retryJob": ("post", "/api/v1/jobs/{job_id}/retry"),
    "listJobCallbacks": ("get", "/api/v1/jobs/{job_id}/callbacks"),
    "redeliverCallback": (
        "post",
        "/api/v1/jobs/{job_id}/callbacks/{delivery_id}/redeliver",
    ),
    "getImage": ("get", "/api/v1/jobs/{job_id}/image"),
    "listFailures": ("get", "/api/v1/failures"),
    "retryJobs": ("post", "/api/v1/jobs/retry"),
    "cancelJobs": ("post", "/api/v1/jobs/cancel"),
    "listBulkOperations": ("get", "/api/v1/bulk-operations"),
    "getBulkOperation": ("get", "/api/v1/bulk-operations/{operation_id}"),
    "stopBulkOperation": ("post", "/api/v1/bulk-operations/{operation_id}/stop"),
    "listQueues": ("get", "/api/v1/queues"),
    "pauseQueue": ("post", "/api/v1/queues/{queue}/pause"),
    "resumeQueue": ("post", "/api/v1/queues/{queue}/resume"),
    "listWorkers": ("get", "/api/v1/workers"),
    "drainWorker": ("post", "/api/v1/workers/{worker_id}/drain"),
    "resumeWorker": ("post", "/api/v1/workers/{worker_id}/resume"),
    "categorizeItem": ("post", "/api/v1/categorize"),
    "categorizeBatch": ("post", "/api/v1/categorize-batch"),
    "extractReceipt": ("post", "/api/v1/extract-receipt"),
    "extractRichReceipt": ("post", "/api/v1/receipts/extract"),
    "embedTexts": ("post", "/api/v1/embed"),
    "embedTextsBatch": ("post", "/api/v1/embed/batch"),
    "deleteTenantData": ("delete", "/api/v1/tenants/{tenant_id}/data"),
    "listAudit": ("get", "/api/v1/audit"),
    "listSchemas": ("get", "/api/v1/schemas"),
    "getSchema": ("get", "/api/v1/schemas/{name}"),
    "getHealth": ("get", "/health"),
    "getLiveness": ("get", "/health/live"),
    "getReadiness": ("get", "/health/ready"),
    "getHealthCheck": ("get", "/health_check"),
    "getMetrics": ("get", "/metrics"),
}

Json = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Json:
    """The snapshot, which the front serves as it is."""
    found: Json = json.loads(SNAPSHOT.read_text())
    return found


async def test_openapi_is_the_snapshot(http: httpx.AsyncClient, document: Json) -> None:
    """After an intended change, run bin/openapi to write the snapshot."""
    assert (await http.get("/openapi.json")).json() == document


def test_the_document_is_valid(document: Json) -> None:
    """Generators refuse a document that is not OpenAPI 3.1, and one with a dangling reference."""
    assert document["openapi"].startswith("3.1.")
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_every_call_of_the_interface_is_there(document: Json) -> None:
    """No call is missing or added by accident, and every feature can be submitted."""
    calls = {
        operation["operationId"]: (method, path)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    body = document["paths"]["/api/v1/jobs"]["post"]["requestBody"]["content"]
    features = body["application/json"]["schema"]["discriminator"]["mapping"]

    assert calls == CALLS
    assert {Feature(name) for name in features} == set(Feature)


def test_every_answer_is_declared_by_its_status(document: Json) -> None:
    """A range such as 4XX would not say which errors a call answers with."""
    for operation in _operations(document):
        assert all(status.isdigit() for status in operation["responses"]), operation["operationId"]
        assert "X-Request-ID" in operation["responses"]["500"]["headers"]


def test_every_error_over_http_is_declared(document: Json) -> None:
    """Each code of docs/errors.md is an example of some call, at the status that the page says."""
    documented = {
        row[0].strip("`"): row[2] for row in rows(section(text_of("docs/errors.md"), "Codes"))
    }
    declared = {
        code: status
        for operation in _operations(document)
        for status, answer in operation["responses"].items()
        for code in answer.get("content", {}).get(PROBLEM_MEDIA_TYPE, {}).get("examples", {})
    }

    assert declared == {code: status for code, status in documented.items() if status != "—"}


def test_every_body_has_an_example(document: Json) -> None:
    """An example shows a caller more than a schema does."""
    bodies = [body for operation in _operations(document) for body in _bodies(operation)]

    assert [name for name, content in bodies if not list(_examples(content))] == []


def test_every_example_fits_its_schema(document: Json) -> None:
    """An example is what a caller copies."""
    for operation in _operations(document):
        for name, content in _bodies(operation):
            schema = {"components": document["components"], **content["schema"]}
            for example in _examples(content):
                errors = OAS31Validator(schema).iter_errors(example)
                assert [error.message for error in errors] == [], name


def test_every_tag_is_described(document: Json) -> None:
    """The tags are the chapters of the page at /docs."""
    used = {tag for operation in _operations(document) for tag in operation["tags"]}

    assert {tag["name"] for tag in document["tags"]} == used
    assert all(tag["description"] for tag in document["tags"])


def _operations(document: Json) -> Iterator[Json]:
    for methods in document["paths"].values():
        yield from methods.values()


def _bodies(operation: Json) -> Iterator[tuple[str, Json]]:
    """Yield every JSON body of a call: those of its request and its answers."""
    answers = operation["responses"].items()
    parts = [("request", operation.get("requestBody", {})), *answers]
    for name, part in parts:
        for media_type, content in part.get("content", {}).items():
            if media_type.endswith("json"):
                yield f"{operation['operationId']} {name}", content


def _examples(content: Json) -> Iterator[Any]:
    if "example" in content:
        yield content["example"]
    for example in content.get("examples", {}).values():
        yield example["value"]
